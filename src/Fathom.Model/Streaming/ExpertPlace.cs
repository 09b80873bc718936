using Fathom.Checkpoints;
using Fathom.Compute;
using Fathom.Model.Weights;

namespace Fathom.Model.Streaming;

/// <summary>A stretch of a file that is read at once.</summary>
/// <param name="File">Which file.</param>
/// <param name="FileOffset">Where it begins there, aligned.</param>
/// <param name="SlotOffset">Where it goes in the slot, aligned.</param>
/// <param name="Length">Bytes to ask for, aligned.</param>
/// <param name="Needed">Of these, the first that must be there: a file may end inside the last block.</param>
internal readonly record struct Piece(int File, long FileOffset, long SlotOffset, int Length, int Needed);

/// <summary>Where one expert lies in files, and how its tensors come to lie in a slot: neighbours in a file stay neighbours, and nothing is copied after reading.</summary>
internal sealed unsafe class ExpertPlace
{
    /// <summary>Bytes of a piece at most: enough for full speed, few enough for an urgent read not to wait long behind one that is not.</summary>
    public const int PieceBytes = 2 << 20;

    private readonly (WeightMatrix Matrix, long Data, long Scales)[] matrices;
    private readonly (StoredTensor Tensor, long Offset)[] scales;

    /// <summary>Lays out an expert.</summary>
    /// <param name="weights">Its matrices, which are made to point into the slot.</param>
    /// <param name="tensors">For each matrix its tensor and its scales, in the order gate, up, down.</param>
    /// <param name="fileOf">Number of a file.</param>
    public ExpertPlace(ExpertWeights weights, (StoredTensor Data, StoredTensor? Scales)[] tensors, Func<string, int> fileOf)
    {
        var offsets = new Dictionary<StoredTensor, long>(ReferenceEqualityComparer.Instance);
        Pieces = Layout([.. tensors.Select(tensor => tensor.Data), .. tensors.Where(tensor => tensor.Scales is not null).Select(tensor => tensor.Scales!)], fileOf, offsets);
        WeightMatrix[] all = [weights.Gate, weights.Up, weights.Down];
        matrices = [.. all.Zip(tensors, (matrix, tensor) => (matrix, offsets[tensor.Data], tensor.Scales is null ? -1 : offsets[tensor.Scales]))];
        scales = [.. tensors.Where(tensor => tensor.Scales is not null).Select(tensor => (tensor.Scales!, offsets[tensor.Scales!]))];
        MoveTo(null);
    }

    /// <summary>Bytes that it takes in a slot.</summary>
    public long SlotBytes => Pieces[^1].SlotOffset + Pieces[^1].Length;

    /// <summary>What is read, in order.</summary>
    public Piece[] Pieces { get; }

    /// <summary>Points the matrices into a slot; null while the expert is nowhere.</summary>
    public void MoveTo(byte* slot)
    {
        foreach ((WeightMatrix matrix, long data, long scale) in matrices)
            matrix.MoveTo(slot is null ? null : slot + data, slot is null || scale < 0 ? null : slot + scale);
    }

    /// <summary>Looks at the scales in a slot.</summary>
    /// <exception cref="CheckpointException">A scale is not a number.</exception>
    public void CheckScales(byte* slot)
    {
        foreach ((StoredTensor tensor, long offset) in scales) ScaleCheck.Verify(tensor, new ReadOnlySpan<byte>(slot + offset, checked((int)tensor.ByteLength)));
    }

    private static Piece[] Layout(StoredTensor[] tensors, Func<string, int> fileOf, Dictionary<StoredTensor, long> offsets)
    {
        var pieces = new List<Piece>();
        (int File, long Offset, StoredTensor Tensor)[] inOrder = [.. tensors.Select(tensor => (fileOf(tensor.File), tensor.FileOffset, tensor)).OrderBy(place => place.Item1).ThenBy(place => place.FileOffset)];
        long slot = 0;
        for (int i = 0; i < inOrder.Length;)
        {
            // A stretch goes on while the next tensor begins in the block that the last one ends in.
            (int file, long offset, _) = inOrder[i];
            long start = offset / UnbufferedFile.Alignment * UnbufferedFile.Alignment, end = start;
            for (; i < inOrder.Length && inOrder[i].File == file && inOrder[i].Offset <= AlignUp(Math.Max(end, offset)); i++)
            {
                offsets[inOrder[i].Tensor] = slot + inOrder[i].Offset - start;
                end = Math.Max(end, inOrder[i].Offset + inOrder[i].Tensor.ByteLength);
            }

            for (long at = start; at < end; at += PieceBytes)
            {
                int needed = (int)Math.Min(PieceBytes, end - at);
                pieces.Add(new Piece(file, at, slot + at - start, (int)AlignUp(needed), needed));
            }

            slot += AlignUp(end - start);
        }

        return [.. pieces];
    }

    private static long AlignUp(long bytes) => (bytes + UnbufferedFile.Alignment - 1) / UnbufferedFile.Alignment * UnbufferedFile.Alignment;
}
