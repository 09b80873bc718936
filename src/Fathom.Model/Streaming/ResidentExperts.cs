using Fathom.Model.Layers;
using Fathom.Model.Weights;

namespace Fathom.Model.Streaming;

/// <summary>All experts are in memory, or mapped: there is nothing to wait for.</summary>
internal sealed class ResidentExperts : IExpertSource
{
    public bool IsStreaming => false;

    public void Begin(Plan? plan, int rows, CancellationToken cancellation)
    {
    }

    public void Need(LayerWeights layer, ReadOnlySpan<int> starts)
    {
    }

    public ExpertWeights TakeNext(LayerWeights layer, int expert)
    {
        ExpertWeights weights = layer.Mixture.Routed[expert];
        weights.CheckScalesOnce();
        return weights;
    }

    public bool TakeAny(LayerWeights layer, bool waits, out int expert) => throw new NotSupportedException("Experts in memory are taken in order.");

    public void Return(LayerWeights layer, int expert)
    {
    }

    public void Expect(LayerWeights layer, ReadOnlySpan<int> experts)
    {
    }

    public void End()
    {
    }

    public void Dispose()
    {
    }
}
