using Fathom.Compute.Memory;
using Fathom.Model;

namespace Fathom.Benchmarks;

/// <summary>Notes which experts each layer of each forward needs.</summary>
internal sealed class RoutingTrace(int expertsPerLayer) : IForwardObserver
{
    /// <summary>Experts of a layer, as layer · experts + expert, in the order of the forwards.</summary>
    public List<int[]> Steps { get; } = [];

    public void OnRouting(int layer, ReadOnlySpan<int> experts, ReadOnlySpan<float> weights, int k) => Steps.Add([.. experts.ToArray().Distinct().Select(expert => (layer * expertsPerLayer) + expert)]);

    public void OnAttention(int layer, Rows output)
    {
    }

    public void OnExperts(int layer, Rows output)
    {
    }

    public void OnPicks(int layer, ReadOnlySpan<int> picks, int k)
    {
    }

    public void OnStreams(int layer, Rows streams)
    {
    }
}
