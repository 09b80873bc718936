using System.Runtime.InteropServices;
using Fathom.Checkpoints.Gguf;
using Fathom.Compute;

namespace Fathom.Checkpoints.Conversion;

/// <summary>Makes the bytes of planned tensors, on all processors, and hands them on in order. Memory is bounded by three pieces.</summary>
internal sealed class TensorEncoder(Checkpoint source, WeightFiles files, IImportance? importance, CancellationToken cancellation) : IDisposable
{
    // Rows that one thread takes at a time.
    private const int RowsOfItem = 16;

    private readonly ThreadLocal<RowEncoder> encoders = new(() => new RowEncoder());
    private readonly SourceReader reader = new(source, files);
    private byte[] made = [];

    /// <summary>Writes tensors.</summary>
    /// <param name="tensors">What to make, in the order of the file.</param>
    /// <param name="writer">Receives the bytes.</param>
    /// <param name="written">Hears of the bytes of each piece.</param>
    public void Write(IReadOnlyList<PlannedTensor> tensors, GgufWriter writer, Action<long> written)
    {
        foreach ((RowRange<(PlannedTensor Tensor, int Index)> range, SourcePiece piece) in reader.Read(tensors.SelectMany(Ranges)))
        {
            cancellation.ThrowIfCancellationRequested();
            PlannedTensor tensor = range.For.Tensor;
            int bytes = checked((int)(RowBytes(tensor) * range.Rows));
            if (made.Length < bytes) made = new byte[bytes];
            if (tensor.Type == StoredType.I32) MakeTable(tensor, piece, made.AsSpan(0, bytes));
            else MakeRows(tensor, range.For.Index, piece);
            writer.Write(made.AsSpan(0, bytes));
            written(bytes);
            if (range.IsLast) writer.EndTensor();
        }
    }

    public void Dispose()
    {
        reader.Dispose();
        encoders.Dispose();
    }

    private static long RowBytes(PlannedTensor tensor) => StoredTypes.BytesOf(tensor.Type, [tensor.Shape[^1]]);

    // The sources one after the other, or side by side.
    private IEnumerable<RowRange<(PlannedTensor Tensor, int Index)>> Ranges(PlannedTensor tensor)
    {
        IReadOnlyList<string>[] groups = tensor.JoinsRows ? [tensor.Sources] : [.. tensor.Sources.Select(name => (string[])[name])];
        for (int i = 0; i < groups.Length; i++)
        {
            StoredTensor first = source[groups[i][0]];
            int rows = SourcePiece.RowsOf(first);
            long sourceBytes = first.ByteLength / rows * groups[i].Count;
            foreach ((int start, int count) in SourceReader.Pieces(rows, Math.Max(sourceBytes, RowBytes(tensor))))
                yield return new((tensor, i), groups[i], start, count, i == groups.Length - 1 && start + count == rows);
        }
    }

    private void MakeRows(PlannedTensor tensor, int index, SourcePiece piece)
    {
        WeightMatrix[] matrices = [.. Enumerable.Range(0, tensor.JoinsRows ? tensor.Sources.Count : 1).Select(piece.Matrix)];
        float[] columns = importance?.ColumnsOf(tensor.Name, index) ?? [];
        int rowBytes = (int)RowBytes(tensor), partBytes = rowBytes / matrices.Length;
        try
        {
            Parallel.For(0, (piece.Rows + RowsOfItem - 1) / RowsOfItem, new ParallelOptions { CancellationToken = cancellation }, item =>
            {
                int row = item * RowsOfItem, count = Math.Min(RowsOfItem, piece.Rows - row);
                if (matrices.Length == 1) encoders.Value!.Encode(matrices[0], row, count, tensor.Type, tensor.RoundsThrough, columns, made.AsSpan(row * rowBytes, count * rowBytes));
                for (int i = 0; i < count && matrices.Length > 1; i++)
                {
                    for (int part = 0; part < matrices.Length; part++) encoders.Value!.Encode(matrices[part], row + i, 1, tensor.Type, null, [], made.AsSpan(((row + i) * rowBytes) + (part * partBytes), partBytes));
                }
            });
        }
        catch (AggregateException exception) when (exception.InnerException is NotFiniteNumberException)
        {
            throw new CheckpointException(source.Location, tensor.Name, "finite weights", "NaN or infinity", "the checkpoint is damaged, fetch it again", exception);
        }
    }

    // Ids of experts in 32 bits.
    private void MakeTable(PlannedTensor tensor, SourcePiece piece, Span<byte> target)
    {
        if (source[tensor.Sources[0]].Type == StoredType.I32)
        {
            piece.Bytes(0).CopyTo(target);
            return;
        }

        ReadOnlySpan<long> ids = MemoryMarshal.Cast<byte, long>(piece.Bytes(0));
        Span<int> narrow = MemoryMarshal.Cast<byte, int>(target);
        for (int i = 0; i < ids.Length; i++) narrow[i] = (int)ids[i];
    }
}
