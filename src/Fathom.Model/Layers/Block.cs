using Fathom.Compute;
using Fathom.Compute.Memory;
using Fathom.Model.Weights;

namespace Fathom.Model.Layers;

/// <summary>One layer (specification section 2): an attention half and an expert half, each between mixing the streams and spreading its output over them.</summary>
internal sealed class Block(LayerContext context)
{
    private readonly HybridAttention attention = new(context);
    private readonly MixtureOfExperts experts = new(context);

    /// <summary>Runs the layer on the streams, in place.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="plan">The rows; <see cref="Plan.Caches"/> points at this layer.</param>
    /// <param name="streams">[n, S·hidden].</param>
    /// <param name="angles">Angles of the rows by the layer's table, [n, rotary dims].</param>
    public void Run(LayerWeights layer, Plan plan, Rows streams, Rows angles)
    {
        Rows y = Mix(layer.AttentionStreams, streams, layer.AttentionNorm, out Rows post, out Rows comb);
        Rows output = context.Workspace.SubLayerOutput.Take(streams.Count, y.Width);
        attention.Run(layer, plan, y, angles, output);
        context.Observer?.OnAttention(layer.Index, output);
        context.Device.SpreadStreams(output, post, comb, streams);

        y = Mix(layer.ExpertStreams, streams, layer.ExpertNorm, out post, out comb);
        experts.Run(layer, plan, y, output);
        context.Observer?.OnExperts(layer.Index, output);
        context.Device.SpreadStreams(output, post, comb, streams);
        context.Observer?.OnStreams(layer.Index, streams);
    }

    private Rows Mix(HyperConnectionWeights weights, Rows streams, float[] norm, out Rows post, out Rows comb)
    {
        int s = weights.Streams;
        Rows mixed = context.Workspace.Mixed.Take(streams.Count, streams.Width / s);
        post = context.Workspace.Post.Take(streams.Count, s);
        comb = context.Workspace.Comb.Take(streams.Count, s * s);
        context.Device.MixStreams(streams, weights, mixed, post, comb);
        context.Device.RmsNorm(mixed, norm, context.Config.NormEpsilon, mixed);
        return mixed;
    }
}
