using Fathom.Compute.Memory;

namespace Fathom.Model.Layers;

/// <summary>
/// The memory of a forward, taken here and nowhere else. Each buffer is named after what it holds; a layer
/// overwrites what the layer before left, except the streams.
/// </summary>
internal sealed class Workspace : IDisposable
{
    public NativeBuffer Streams { get; } = new();

    public NativeBuffer Embedded { get; } = new();

    public NativeBuffer Mixed { get; } = new();

    public NativeBuffer Post { get; } = new();

    public NativeBuffer Comb { get; } = new();

    public NativeBuffer SubLayerOutput { get; } = new();

    public NativeBuffer WindowAngles { get; } = new();

    public NativeBuffer CompressedAngles { get; } = new();

    public NativeBuffer RoundedInput { get; } = new();

    public NativeBuffer QueryLatent { get; } = new();

    public NativeBuffer RoundedLatent { get; } = new();

    public NativeBuffer Queries { get; } = new();

    public NativeBuffer KeyValues { get; } = new();

    public NativeBuffer HeadOutputs { get; } = new();

    public NativeBuffer OutputLatent { get; } = new();

    public NativeBuffer RawValues { get; } = new();

    public NativeBuffer RawScores { get; } = new();

    public NativeBuffer IndexRawValues { get; } = new();

    public NativeBuffer IndexRawScores { get; } = new();

    public NativeBuffer NewEntries { get; } = new();

    public NativeBuffer EntryAngles { get; } = new();

    public NativeBuffer IndexQueries { get; } = new();

    public NativeBuffer IndexHeadWeights { get; } = new();

    public NativeBuffer RouterLogits { get; } = new();

    public NativeBuffer ExpertInput { get; } = new();

    public NativeBuffer ExpertGate { get; } = new();

    public NativeBuffer ExpertUp { get; } = new();

    public NativeBuffer ExpertOutput { get; } = new();

    /// <summary>Outputs of routed experts that were computed in another order than they are summed up in.</summary>
    public NativeBuffer RoutedOutputs { get; } = new();

    public NativeBuffer SharedOutput { get; } = new();

    public NativeBuffer HeadStreams { get; } = new();

    public NativeBuffer HeadInput { get; } = new();

    public AddressLists Keys { get; } = new();

    public AddressLists CandidateValues { get; } = new();

    public AddressLists CandidateScores { get; } = new();

    private IEnumerable<NativeBuffer> Buffers =>
    [
        Streams, Embedded, Mixed, Post, Comb, SubLayerOutput, WindowAngles, CompressedAngles, RoundedInput, QueryLatent,
        RoundedLatent, Queries, KeyValues, HeadOutputs, OutputLatent, RawValues, RawScores, IndexRawValues, IndexRawScores,
        NewEntries, EntryAngles, IndexQueries, IndexHeadWeights, RouterLogits, ExpertInput, ExpertGate, ExpertUp,
        ExpertOutput, RoutedOutputs, SharedOutput, HeadStreams, HeadInput,
    ];

    /// <summary>Bytes held at present.</summary>
    public long Bytes => Buffers.Sum(buffer => buffer.Capacity * sizeof(float));

    public void Dispose()
    {
        foreach (NativeBuffer buffer in Buffers) buffer.Dispose();
    }
}
