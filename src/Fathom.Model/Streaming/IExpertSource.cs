using Fathom.Model.Layers;
using Fathom.Model.Weights;

namespace Fathom.Model.Streaming;

/// <summary>
/// Where the routed experts of a forward come from: memory that holds them all, or an arena that is filled from disk. A forward begins, says layer by layer which experts it needs,
/// takes each and gives it back, and ends, also when it fails.
/// </summary>
internal interface IExpertSource : IDisposable
{
    /// <summary>Whether experts may have to be waited for, so that it pays to take those first that are there.</summary>
    bool IsStreaming { get; }

    /// <summary>A forward begins.</summary>
    /// <param name="plan">Its rows when it will run all layers from the first one on; null when it runs one layer alone.</param>
    /// <param name="rows">Its rows.</param>
    /// <param name="cancellation">Looked at while waiting.</param>
    void Begin(Plan? plan, int rows, CancellationToken cancellation);

    /// <summary>The routing of a layer is known.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="starts">Expert e has starts[e + 1] − starts[e] rows.</param>
    void Need(LayerWeights layer, ReadOnlySpan<int> starts);

    /// <summary>The needed expert of a layer with the lowest number that was not taken yet; waits for it.</summary>
    ExpertWeights TakeNext(LayerWeights layer, int expert);

    /// <summary>Any needed expert of a layer that was not taken yet: one that is there, or the next to arrive.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="waits">Whether to wait when none is there.</param>
    /// <param name="expert">Its number; −1 when none is there.</param>
    /// <returns>Whether there are still experts to take, this one included.</returns>
    bool TakeAny(LayerWeights layer, bool waits, out int expert);

    /// <summary>A taken expert is no longer in use.</summary>
    void Return(LayerWeights layer, int expert);

    /// <summary>Experts that a layer will probably need soon.</summary>
    void Expect(LayerWeights layer, ReadOnlySpan<int> experts);

    /// <summary>The forward is over, or was given up.</summary>
    void End();
}
