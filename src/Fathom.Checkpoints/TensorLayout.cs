namespace Fathom.Checkpoints;

/// <summary>What a tensor is for; it decides the formats that are accepted.</summary>
public enum TensorRole
{
    /// <summary>A linear layer: FP8 or FP4 with scales, or BF16, F16, F32 without.</summary>
    Linear,

    /// <summary>A routed expert's matrix: as <see cref="Linear"/>; officially FP4.</summary>
    Expert,

    /// <summary>Kept in high precision: embedding, head, norms, router, compressor, head weights. BF16, F16 or F32.</summary>
    Precise,

    /// <summary>Small parameters in 32 bits: hyper-connections, sinks, position biases, selection bias.</summary>
    Small,

    /// <summary>Expert ids of each token, 64 or 32 bits.</summary>
    ExpertTable,
}

/// <summary>One expected tensor.</summary>
/// <param name="Name">Full official name, <c>.weight</c> included where the file has it.</param>
/// <param name="Role">What it is for.</param>
/// <param name="Shape">Logical shape.</param>
/// <param name="Group">Which line of the parameter table it belongs to, for summaries.</param>
public sealed record ExpectedTensor(string Name, TensorRole Role, long[] Shape, string Group)
{
    /// <summary>The name of its block scales, which exist when it is stored in FP8 or FP4.</summary>
    public string ScaleName => Name[..^".weight".Length] + ".scale";

    /// <summary>Parameters in it.</summary>
    public long Count => Shape.Aggregate(1L, (product, dimension) => product * dimension);

    /// <summary>Whether it may carry block scales.</summary>
    public bool MayBeScaled => Role is TensorRole.Linear or TensorRole.Expert;
}

/// <summary>
/// The one list of tensors that a config implies (checkpoint specification, section 2): reading checks against it,
/// synthetic checkpoints are written from it, and parameters are counted with it.
/// </summary>
public static class TensorLayout
{
    /// <summary>All tensors of a checkpoint, those of the MTP block last.</summary>
    /// <param name="c">The architecture.</param>
    /// <param name="hasPrediction">Whether it has the MTP block.</param>
    public static IEnumerable<ExpectedTensor> Of(V4Config c, bool hasPrediction) => hasPrediction ? MainModel(c).Concat(MultiTokenPrediction(c)) : MainModel(c);

    /// <summary>All tensors of the main model, top level first.</summary>
    public static IEnumerable<ExpectedTensor> MainModel(V4Config c)
    {
        ArgumentNullException.ThrowIfNull(c);
        yield return new("embed.weight", TensorRole.Precise, [c.VocabularySize, c.HiddenSize], "embedding");
        for (int layer = 0; layer < c.LayerCount; layer++)
        {
            foreach (ExpectedTensor tensor in Layer(c, $"layers.{layer}.", c.RatioOf(layer), c.IsHashLayer(layer))) yield return tensor;
        }

        yield return new("norm.weight", TensorRole.Precise, [c.HiddenSize], "norms, sinks, biases");
        yield return new("head.weight", TensorRole.Precise, [c.VocabularySize, c.HiddenSize], "head");
        foreach (ExpectedTensor tensor in HeadStreams(c, string.Empty)) yield return tensor;
    }

    /// <summary>All tensors of the MTP block.</summary>
    public static IEnumerable<ExpectedTensor> MultiTokenPrediction(V4Config c)
    {
        ArgumentNullException.ThrowIfNull(c);
        const string p = "mtp.0.";
        foreach (ExpectedTensor tensor in Layer(c, p, ratio: 0, isHash: false)) yield return tensor;
        yield return new(p + "e_proj.weight", TensorRole.Linear, [c.HiddenSize, c.HiddenSize], "MTP projections");
        yield return new(p + "h_proj.weight", TensorRole.Linear, [c.HiddenSize, c.HiddenSize], "MTP projections");
        foreach (string norm in (string[])["enorm", "hnorm", "norm"])
            yield return new($"{p}{norm}.weight", TensorRole.Precise, [c.HiddenSize], "norms, sinks, biases");
        foreach (ExpectedTensor tensor in HeadStreams(c, p)) yield return tensor;
    }

    private static IEnumerable<ExpectedTensor> HeadStreams(V4Config c, string p) => Streams(c, p + "hc_head", c.HyperStreams, 1);

    private static IEnumerable<ExpectedTensor> Layer(V4Config c, string p, int ratio, bool isHash)
    {
        int mixes = (2 + c.HyperStreams) * c.HyperStreams;
        foreach (ExpectedTensor tensor in Streams(c, p + "hc_attn", mixes, 3)) yield return tensor;
        foreach (ExpectedTensor tensor in Streams(c, p + "hc_ffn", mixes, 3)) yield return tensor;
        yield return new(p + "attn_norm.weight", TensorRole.Precise, [c.HiddenSize], "norms, sinks, biases");
        yield return new(p + "ffn_norm.weight", TensorRole.Precise, [c.HiddenSize], "norms, sinks, biases");
        foreach (ExpectedTensor tensor in Attention(c, p + "attn.", ratio)) yield return tensor;
        foreach (ExpectedTensor tensor in Experts(c, p + "ffn.", isHash)) yield return tensor;
    }

    private static IEnumerable<ExpectedTensor> Streams(V4Config c, string p, int mixes, int scales)
    {
        yield return new(p + "_fn", TensorRole.Small, [mixes, (long)c.HyperStreams * c.HiddenSize], "mHC");
        yield return new(p + "_base", TensorRole.Small, [mixes], "mHC");
        yield return new(p + "_scale", TensorRole.Small, [scales], "mHC");
    }

    private static IEnumerable<ExpectedTensor> Attention(V4Config c, string p, int ratio)
    {
        long heads = (long)c.HeadCount * c.HeadDim, latent = (long)c.OutputGroups * c.OutputRank;
        yield return new(p + "attn_sink", TensorRole.Small, [c.HeadCount], "norms, sinks, biases");
        yield return new(p + "wq_a.weight", TensorRole.Linear, [c.QueryRank, c.HiddenSize], "wq_a");
        yield return new(p + "q_norm.weight", TensorRole.Precise, [c.QueryRank], "norms, sinks, biases");
        yield return new(p + "wq_b.weight", TensorRole.Linear, [heads, c.QueryRank], "wq_b");
        yield return new(p + "wkv.weight", TensorRole.Linear, [c.HeadDim, c.HiddenSize], "wkv");
        yield return new(p + "kv_norm.weight", TensorRole.Precise, [c.HeadDim], "norms, sinks, biases");
        yield return new(p + "wo_a.weight", TensorRole.Linear, [latent, heads / c.OutputGroups], "wo_a");
        yield return new(p + "wo_b.weight", TensorRole.Linear, [c.HiddenSize, latent], "wo_b");
        if (ratio == 0) yield break;
        foreach (ExpectedTensor tensor in Compressor(c, p + "compressor.", ratio, c.HeadDim, "compressors")) yield return tensor;
        if (ratio != V4Config.CsaRatio) yield break;
        yield return new(p + "indexer.wq_b.weight", TensorRole.Linear, [(long)c.IndexHeadCount * c.IndexHeadDim, c.QueryRank], "indexers");
        yield return new(p + "indexer.weights_proj.weight", TensorRole.Precise, [c.IndexHeadCount, c.HiddenSize], "indexers");
        foreach (ExpectedTensor tensor in Compressor(c, p + "indexer.compressor.", ratio, c.IndexHeadDim, "indexers")) yield return tensor;
    }

    private static IEnumerable<ExpectedTensor> Compressor(V4Config c, string p, int ratio, int width, string group)
    {
        long raw = ratio == V4Config.CsaRatio ? 2L * width : width;
        yield return new(p + "ape", TensorRole.Small, [ratio, raw], group);
        yield return new(p + "wkv.weight", TensorRole.Precise, [raw, c.HiddenSize], group);
        yield return new(p + "wgate.weight", TensorRole.Precise, [raw, c.HiddenSize], group);
        yield return new(p + "norm.weight", TensorRole.Precise, [width], group);
    }

    private static IEnumerable<ExpectedTensor> Experts(V4Config c, string p, bool isHash)
    {
        yield return new(p + "gate.weight", TensorRole.Precise, [c.ExpertCount, c.HiddenSize], "gates");
        yield return isHash
            ? new(p + "gate.tid2eid", TensorRole.ExpertTable, [c.VocabularySize, c.ExpertsPerToken], "expert tables")
            : new(p + "gate.bias", TensorRole.Small, [c.ExpertCount], "norms, sinks, biases");
        for (int e = 0; e < c.ExpertCount; e++)
        {
            foreach (ExpectedTensor tensor in Expert(c, $"{p}experts.{e}.", TensorRole.Expert, "routed experts")) yield return tensor;
        }

        if (c.SharedExpertCount == 0) yield break;
        foreach (ExpectedTensor tensor in Expert(c, p + "shared_experts.", TensorRole.Linear, "shared experts")) yield return tensor;
    }

    private static IEnumerable<ExpectedTensor> Expert(V4Config c, string p, TensorRole role, string group)
    {
        yield return new(p + "w1.weight", role, [c.ExpertWidth, c.HiddenSize], group);
        yield return new(p + "w2.weight", role, [c.HiddenSize, c.ExpertWidth], group);
        yield return new(p + "w3.weight", role, [c.ExpertWidth, c.HiddenSize], group);
    }
}
