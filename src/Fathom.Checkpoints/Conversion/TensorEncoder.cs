using System.Runtime.InteropServices;
using Fathom.Checkpoints.Gguf;
using Fathom.Compute;

namespace Fathom.Checkpoints.Conversion;

/// <summary>Makes the bytes of planned tensors, on all processors, and hands them on in order. Memory is bounded by one piece.</summary>
internal sealed class TensorEncoder(Checkpoint source, ImportanceMatrix? importance, CancellationToken cancellation) : IDisposable
{
    // Bytes that are made at once, and rows that one thread takes at a time.
    private const int PieceBytes = 32 << 20;
    private const int RowsOfItem = 16;

    private readonly ThreadLocal<RowEncoder> encoders = new(() => new RowEncoder());
    private readonly MappedPages pages = new(source);
    private byte[] piece = [];

    /// <summary>Writes a tensor.</summary>
    /// <param name="tensor">What to make.</param>
    /// <param name="writer">Receives the bytes.</param>
    /// <param name="written">Hears of the bytes of each piece.</param>
    public void Write(PlannedTensor tensor, GgufWriter writer, Action<long> written)
    {
        if (tensor.JoinsRows) WriteJoined(tensor, writer, written);
        for (int i = 0; i < tensor.Sources.Count && !tensor.JoinsRows; i++)
        {
            string name = tensor.Sources[i];
            if (tensor.Type == StoredType.I32) WriteTable(source[name], writer);
            else WriteMatrix(Matrix(source, name), tensor, importance is null ? [] : importance.ColumnsOf(tensor.Name, i), writer, written);
        }

        writer.EndTensor();
    }

    public void Dispose() => encoders.Dispose();

    /// <summary>A stored matrix; a vector is a matrix of one row.</summary>
    internal static unsafe WeightMatrix Matrix(Checkpoint source, string name)
    {
        StoredTensor tensor = source[name];
        if (tensor.Shape.Count == 2)
        {
            WeightMatrix matrix = source.Matrix(name);
            if (!source.ExpertScalesAreChecked && matrix.Scales != null) ScaleCheck.Verify(source[name[..^".weight".Length] + ".scale"]);
            return matrix;
        }

        WeightFormat format = tensor.Type switch { StoredType.F32 => WeightFormat.F32, StoredType.F16 => WeightFormat.F16, _ => WeightFormat.BF16 };
        return new WeightMatrix(format, 1, checked((int)tensor.Shape[0]), tensor.Data);
    }

    private void WriteJoined(PlannedTensor tensor, GgufWriter writer, Action<long> written)
    {
        WeightMatrix[] matrices = [.. tensor.Sources.Select(name => Matrix(source, name))];
        var row = new byte[StoredTypes.BytesOf(tensor.Type, [tensor.Shape[1]])];
        for (int index = 0; index < tensor.Shape[0]; index++)
        {
            cancellation.ThrowIfCancellationRequested();
            int part = row.Length / matrices.Length;
            for (int i = 0; i < matrices.Length; i++) encoders.Value!.Encode(matrices[i], index, 1, tensor.Type, null, [], row.AsSpan(i * part, part));
            writer.Write(row);
            pages.Read(matrices.Sum(matrix => matrix.RowBytes));
        }

        written(tensor.Bytes);
    }

    private void WriteMatrix(WeightMatrix matrix, PlannedTensor tensor, float[] columns, GgufWriter writer, Action<long> written)
    {
        int rowBytes = (int)StoredTypes.BytesOf(tensor.Type, [matrix.Columns]);
        int most = Math.Max(RowsOfItem, PieceBytes / rowBytes / RowsOfItem * RowsOfItem);
        if (piece.Length < (long)Math.Min(most, matrix.Rows) * rowBytes) piece = new byte[(long)Math.Min(most, matrix.Rows) * rowBytes];
        for (int first = 0; first < matrix.Rows; first += most)
        {
            int start = first, rows = Math.Min(most, matrix.Rows - first);
            try
            {
                Parallel.For(0, (rows + RowsOfItem - 1) / RowsOfItem, new ParallelOptions { CancellationToken = cancellation }, item =>
                {
                    int row = item * RowsOfItem, count = Math.Min(RowsOfItem, rows - row);
                    encoders.Value!.Encode(matrix, start + row, count, tensor.Type, tensor.RoundsThrough, columns, piece.AsSpan(row * rowBytes, count * rowBytes));
                });
            }
            catch (AggregateException exception) when (exception.InnerException is NotFiniteNumberException)
            {
                throw new CheckpointException(source.Location, tensor.Name, "finite weights", "NaN or infinity", "the checkpoint is damaged, fetch it again", exception);
            }

            writer.Write(piece.AsSpan(0, rows * rowBytes));
            pages.Read(rows * matrix.RowBytes);
            written((long)rows * rowBytes);
        }
    }

    private static void WriteTable(StoredTensor table, GgufWriter writer)
    {
        if (table.Type == StoredType.I32)
        {
            writer.Write(table.Bytes);
            return;
        }

        int[] ids = Array.ConvertAll(MemoryMarshal.Cast<byte, long>(table.Bytes).ToArray(), id => (int)id);
        writer.Write(MemoryMarshal.AsBytes<int>(ids));
    }
}
