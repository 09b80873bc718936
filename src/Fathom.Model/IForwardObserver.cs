using Fathom.Compute.Memory;

namespace Fathom.Model;

/// <summary>Sees the values inside a forward, layer by layer; used to compare with reference data. Rows are those of the batch.</summary>
internal interface IForwardObserver
{
    /// <summary>Output of the attention half before it is spread over the streams, [n, hidden].</summary>
    void OnAttention(int layer, Rows output);

    /// <summary>Output of the expert half before it is spread over the streams, [n, hidden].</summary>
    void OnExperts(int layer, Rows output);

    /// <summary>Picked experts and their weights, [n, k] each.</summary>
    void OnRouting(int layer, ReadOnlySpan<int> experts, ReadOnlySpan<float> weights, int k);

    /// <summary>Entries that the indexer picked, ascending, −1 after the last, [n, k].</summary>
    void OnPicks(int layer, ReadOnlySpan<int> picks, int k);

    /// <summary>Streams after the layer, [n, S·hidden].</summary>
    void OnStreams(int layer, Rows streams);
}
