using Fathom.Compute.Memory;
using Fathom.Model.Weights;

namespace Fathom.Model.Layers;

/// <summary>
/// Runs the router of the next layer before its attention half: on the present streams, mixed and normed as that layer's expert half would. Attention adds little to the streams,
/// so many of the experts are right, and their reads begin while attention computes.
/// </summary>
internal sealed class RoutingForecast(LayerContext context)
{
    // More rows need most of the experts anyway.
    private const int MostRows = 8;

    private int[] experts = [];
    private float[] weights = [];

    /// <summary>Tells the source of experts what a layer will probably need.</summary>
    /// <param name="layer">The layer that comes next; layers routed by token ids are known without asking.</param>
    /// <param name="streams">Streams before it, [n, S·hidden].</param>
    public void Run(LayerWeights layer, Rows streams)
    {
        int n = streams.Count, k = context.Config.ExpertsPerToken;
        if (layer.Mixture.HashTable is not null || n > MostRows) return;
        if (experts.Length < n * k) (experts, weights) = (new int[MostRows * k], new float[MostRows * k]);
        Workspace work = context.Workspace;
        int s = layer.ExpertStreams.Streams;
        Rows mixed = work.Mixed.Take(n, streams.Width / s);
        context.Device.MixStreams(streams, layer.ExpertStreams, mixed, work.Post.Take(n, s), work.Comb.Take(n, s * s));
        context.Device.RmsNorm(mixed, layer.ExpertNorm, context.Config.NormEpsilon, mixed);
        Rows logits = work.RouterLogits.Take(n, context.Config.ExpertCount);
        context.Device.Linear(mixed, layer.Mixture.Router, logits);
        context.Device.RouteByScore(logits, layer.Mixture.SelectionBias, context.Config.RoutedScalingFactor, experts.AsSpan(0, n * k), weights.AsSpan(0, n * k), k);
        context.Experts.Expect(layer, experts.AsSpan(0, n * k));
    }
}
