using Fathom.Compute.Memory;
using Fathom.Model.Caches;

namespace Fathom.Model.Layers;

/// <summary>Rows of one session inside a forward.</summary>
/// <param name="Session">The session.</param>
/// <param name="FirstRow">Index of its first row in the batch.</param>
/// <param name="Count">Its rows.</param>
/// <param name="FirstPosition">Absolute position of its first row.</param>
internal readonly record struct Segment(V4Session Session, int FirstRow, int Count, int FirstPosition)
{
    public int EndPosition => FirstPosition + Count;
}

/// <summary>What every layer of a forward needs to know about its rows.</summary>
internal sealed class Plan
{
    public required Segment[] Segments { get; init; }

    /// <summary>Token id of each row.</summary>
    public required int[] Tokens { get; init; }

    /// <summary>Absolute position of each row.</summary>
    public required int[] Positions { get; init; }

    public int RowCount => Tokens.Length;

    /// <summary>The cache of each segment's layer; set by whoever runs the layer.</summary>
    public required LayerCache[] Caches { get; init; }

    /// <summary>Points <see cref="Caches"/> at one main layer.</summary>
    public void EnterLayer(int layer)
    {
        for (int s = 0; s < Segments.Length; s++) Caches[s] = Segments[s].Session.Layers[layer];
    }

    /// <summary>Points <see cref="Caches"/> at the MTP block.</summary>
    public void EnterPrediction()
    {
        for (int s = 0; s < Segments.Length; s++) Caches[s] = Segments[s].Session.Prediction!;
    }

    /// <summary>Address of the row of a position: from the forward's own rows when it is one of them, else from the session's ring.</summary>
    public static unsafe float* RowOf(in Segment segment, int position, Rows fresh, TailRing ring) =>
        position >= segment.FirstPosition
            ? fresh.At(segment.FirstRow + position - segment.FirstPosition)
            : ring.At(position);
}
