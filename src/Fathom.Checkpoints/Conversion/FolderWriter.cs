using Fathom.Compute;

namespace Fathom.Checkpoints.Conversion;

/// <summary>Makes the bytes of an official folder's tensors, on all processors, in order.</summary>
/// <param name="source">The checkpoint.</param>
/// <param name="reader">Reads it.</param>
/// <param name="cancellation">Stops the work.</param>
internal sealed class FolderWriter(Checkpoint source, SourceReader reader, CancellationToken cancellation) : IDisposable
{
    // Rows that one thread takes at a time.
    private const int RowsOfItem = 16;

    private readonly ThreadLocal<RowEncoder> encoders = new(() => new RowEncoder());
    private byte[] made = [];

    /// <summary>Writes tensors.</summary>
    /// <param name="tensors">What to make.</param>
    /// <param name="writer">Receives the bytes.</param>
    /// <param name="written">Hears of the bytes of each piece.</param>
    public void Write(IEnumerable<FolderTensor> tensors, SafetensorsWriter writer, Action<long> written)
    {
        foreach ((RowRange<FolderTensor> range, SourcePiece piece) in reader.Read(tensors.SelectMany(Ranges)))
        {
            cancellation.ThrowIfCancellationRequested();
            if (range.Names.Count == 0)
            {
                writer.Write(range.For.Scales);
                writer.EndPart();
                written(range.For.Bytes);
                continue;
            }

            int bytes = checked((int)(RowBytes(range.For) * range.Rows));
            if (made.Length < bytes) made = new byte[bytes];
            if (range.For.Type == StoredType.I64) MakeTable(range.For, piece, made.AsSpan(0, bytes));
            else MakeRows(range.For, piece, bytes / range.Rows);
            writer.Write(made.AsSpan(0, bytes));
            if (range.IsLast) writer.EndPart();
            written(bytes);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => encoders.Dispose();

    private long RowBytes(FolderTensor tensor) => tensor.Bytes / SourcePiece.RowsOf(source[tensor.Source]);

    private IEnumerable<RowRange<FolderTensor>> Ranges(FolderTensor tensor)
    {
        // The scales of FP8 were found when the folder was planned.
        if (tensor.Type == StoredType.F8E8M0 && tensor.Scales is not null) return [new(tensor, [], 0, 0, true)];
        StoredTensor stored = source[tensor.Source];
        int rows = SourcePiece.RowsOf(stored);
        return SourceReader.Pieces(rows, Math.Max(stored.ByteLength / rows, RowBytes(tensor))).Select(piece => new RowRange<FolderTensor>(tensor, [tensor.Source], piece.First, piece.Count, piece.First + piece.Count == rows));
    }

    private void MakeRows(FolderTensor tensor, SourcePiece piece, int rowBytes)
    {
        WeightMatrix matrix = piece.Matrix(0);
        Parallel.For(0, (piece.Rows + RowsOfItem - 1) / RowsOfItem, new ParallelOptions { CancellationToken = cancellation }, item =>
        {
            int row = item * RowsOfItem, count = Math.Min(RowsOfItem, piece.Rows - row);
            Encode(matrix, tensor, piece.FirstRow, row, count, made.AsSpan(row * rowBytes, count * rowBytes));
        });
    }

    private void Encode(WeightMatrix matrix, FolderTensor tensor, int before, int firstRow, int rows, Span<byte> target)
    {
        switch (tensor.Type)
        {
            case StoredType.I8 or StoredType.F8E8M0:
                for (int row = 0; row < rows; row++) Unpack(matrix, firstRow + row, tensor.Type == StoredType.I8, target.Slice(row * (target.Length / rows), target.Length / rows));
                break;
            case StoredType.F8E4M3:
                Fp8Blocks.Encode(matrix, tensor.Scales.AsSpan(before / WeightMatrix.Fp8Block * Fp8Blocks.BlocksOf(matrix.Columns)), firstRow, rows, target);
                break;
            default:
                encoders.Value!.Encode(matrix, firstRow, rows, tensor.Type, null, [], target);
                break;
        }
    }

    // The other way round than in RowEncoder: neighbours share a byte again, and scales stand alone.
    private static unsafe void Unpack(WeightMatrix mxfp4, int row, bool wantsCodes, Span<byte> target)
    {
        byte* block = mxfp4.Data + (row * mxfp4.RowBytes);
        for (int group = 0; group < mxfp4.Columns / WeightMatrix.Fp4Group; group++, block += 17)
        {
            if (!wantsCodes)
            {
                target[group] = block[0];
                continue;
            }

            for (int j = 0; j < 16; j += 2)
            {
                target[(group * 16) + (j / 2)] = (byte)((block[1 + j] & 15) | ((block[2 + j] & 15) << 4));
                target[(group * 16) + 8 + (j / 2)] = (byte)((block[1 + j] >> 4) | (block[2 + j] & 0xF0));
            }
        }
    }

    // Ids of experts in 64 bits.
    private void MakeTable(FolderTensor tensor, SourcePiece piece, Span<byte> target)
    {
        if (source[tensor.Source].Type == StoredType.I64)
        {
            piece.Bytes(0).CopyTo(target);
            return;
        }

        ReadOnlySpan<int> ids = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, int>(piece.Bytes(0));
        Span<long> wide = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(target);
        for (int i = 0; i < ids.Length; i++) wide[i] = ids[i];
    }
}
