namespace Fathom.Compute;

/// <summary>
/// Parameters of one manifold-constrained hyper-connection (architecture specification, section 3). For a half-block
/// the mix has (2 + S)·S outputs: S pre, S post, S×S comb; for the head it has S.
/// </summary>
/// <param name="Mix">The projection <c>fn</c>, [(2 + S)·S or S, S·hidden].</param>
/// <param name="Scale">Gating factors: pre, post, comb; or one for the head.</param>
/// <param name="Base">Static biases, one for each output of the mix.</param>
/// <param name="Streams">S, the number of residual streams.</param>
/// <param name="SinkhornIterations">Row and column normalisations of the comb matrix.</param>
/// <param name="Epsilon">Added to pre and in the Sinkhorn divisions (<c>hc_eps</c>).</param>
/// <param name="NormEpsilon">Inside the root of the mean square over all streams (<c>rms_norm_eps</c>).</param>
public sealed record HyperConnectionWeights(
    WeightMatrix Mix, float[] Scale, float[] Base, int Streams, int SinkhornIterations, float Epsilon, float NormEpsilon);
