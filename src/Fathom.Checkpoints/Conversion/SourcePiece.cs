using System.Runtime.InteropServices;
using Fathom.Compute;

namespace Fathom.Checkpoints.Conversion;

/// <summary>Some rows of one or several stored tensors of equally many rows, in memory of its own that is used again and again.</summary>
internal sealed unsafe class SourcePiece : IDisposable
{
    private const int Alignment = 64;

    private readonly List<Part> parts = [];
    private byte* memory;
    private long capacity;

    /// <summary>The first of the rows.</summary>
    public int FirstRow { get; private set; }

    /// <summary>How many rows there are.</summary>
    public int Rows { get; private set; }

    /// <summary>Rows of a stored tensor; a vector is one row.</summary>
    public static int RowsOf(StoredTensor tensor) => tensor.Shape.Count == 2 ? checked((int)tensor.Shape[0]) : 1;

    /// <summary>The stored bytes of one tensor's rows.</summary>
    public ReadOnlySpan<byte> Bytes(int part) => new(memory + parts[part].Data, checked((int)parts[part].Bytes));

    /// <summary>One tensor's rows as a matrix, whose row 0 is <see cref="FirstRow"/>; valid until the next piece is read.</summary>
    public WeightMatrix Matrix(int part)
    {
        (StoredTensor tensor, StoredTensor? scale, long data, _, long scales) = parts[part];
        int columns = checked((int)tensor.Shape[^1]);
        if (scale is null) return new WeightMatrix(StoredTypes.FormatOf(tensor.Type)!.Value, Rows, columns, memory + data);
        bool isFp8 = tensor.Type == StoredType.F8E4M3;
        return new WeightMatrix(isFp8 ? WeightFormat.Fp8 : WeightFormat.Fp4, Rows, isFp8 || tensor.Type == StoredType.F4 ? columns : 2 * columns, memory + data, memory + scales, scale.Type == StoredType.F32);
    }

    /// <summary>Reads rows, and checks the scales among them.</summary>
    /// <param name="source">The checkpoint.</param>
    /// <param name="files">Its files.</param>
    /// <param name="names">The tensors' official names.</param>
    /// <param name="firstRow">The first row; a multiple of 128.</param>
    /// <param name="rows">How many.</param>
    /// <exception cref="CheckpointException">They cannot be read, or a scale is none.</exception>
    public void Read(Checkpoint source, WeightFiles files, IReadOnlyList<string> names, int firstRow, int rows)
    {
        (FirstRow, Rows) = (firstRow, rows);
        parts.Clear();
        long end = 0;
        foreach (string name in names)
        {
            StoredTensor tensor = source[name];
            StoredTensor? scale = IsScaled(tensor.Type) ? source[name[..^".weight".Length] + ".scale"] : null;
            long data = end, bytes = tensor.ByteLength / RowsOf(tensor) * rows, scales = Padded(data + bytes);
            end = scale is null ? scales : Padded(scales + (ScaleRows(tensor, rows) * ScaleRowBytes(scale)));
            parts.Add(new Part(tensor, scale, data, bytes, scales));
        }

        Reserve(end);
        foreach ((StoredTensor tensor, StoredTensor? scale, long data, long bytes, long scales) in parts)
        {
            files.Read(tensor, tensor.ByteLength / RowsOf(tensor) * firstRow, new Span<byte>(memory + data, checked((int)bytes)));
            if (scale is null) continue;
            long before = ScaleRows(tensor, firstRow) * ScaleRowBytes(scale), count = ScaleRows(tensor, rows) * ScaleRowBytes(scale);
            var target = new Span<byte>(memory + scales, checked((int)count));
            files.Read(scale, before, target);
            ScaleCheck.Verify(scale, target, before);
        }
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(memory);
        memory = null;
        capacity = 0;
    }

    private static bool IsScaled(StoredType type) => type is StoredType.F8E4M3 or StoredType.I8 or StoredType.U8 or StoredType.F4;

    private static long ScaleRows(StoredTensor tensor, int rows) => tensor.Type == StoredType.F8E4M3 ? (rows + WeightMatrix.Fp8Block - 1) / WeightMatrix.Fp8Block : rows;

    private static long ScaleRowBytes(StoredTensor scale) => scale.ByteLength / scale.Shape[0];

    private static long Padded(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;

    private void Reserve(long bytes)
    {
        if (bytes <= capacity) return;
        Dispose();
        memory = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, Alignment);
        capacity = bytes;
    }

    private readonly record struct Part(StoredTensor Tensor, StoredTensor? Scale, long Data, long Bytes, long Scales);
}
