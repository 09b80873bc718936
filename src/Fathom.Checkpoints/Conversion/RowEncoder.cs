using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Fathom.Compute;
using Fathom.Compute.Numbers;
using Fathom.Compute.Quantizing;

namespace Fathom.Checkpoints.Conversion;

/// <summary>Brings rows of a weight matrix into a format of GGUF. One encoder belongs to one thread.</summary>
internal sealed unsafe class RowEncoder
{
    private float[] values = [];
    private float[] joined = [];

    /// <summary>Writes rows of a matrix.</summary>
    /// <param name="source">The matrix.</param>
    /// <param name="firstRow">The first row.</param>
    /// <param name="rows">How many; an even number, or all, where rows are rounded through blocks longer than them.</param>
    /// <param name="type">The format to write.</param>
    /// <param name="roundsThrough">A format that values are rounded to first, or null.</param>
    /// <param name="importance">What an error in each column costs, [columns]; empty for the same everywhere.</param>
    /// <param name="target">Receives the bytes.</param>
    public void Encode(WeightMatrix source, int firstRow, int rows, StoredType type, WeightFormat? roundsThrough, ReadOnlySpan<float> importance, Span<byte> target)
    {
        int columns = source.Columns, bytes = target.Length / rows;
        if (roundsThrough is null && IsSame(source, type))
        {
            new ReadOnlySpan<byte>(source.Data + (firstRow * source.RowBytes), target.Length).CopyTo(target);
            return;
        }

        if (type == StoredType.Mxfp4 && source.Format == WeightFormat.Fp4)
        {
            for (int row = 0; row < rows; row++) Repack(source, firstRow + row, target.Slice(row * bytes, bytes));
            return;
        }

        if (values.Length < rows * columns) values = new float[rows * columns];
        Span<float> decoded = values.AsSpan(0, rows * columns);
        for (int row = 0; row < rows; row++) source.DecodeRow(firstRow + row, decoded.Slice(row * columns, columns));
        if (roundsThrough is { } format) Round(format, decoded, importance);
        for (int row = 0; row < rows; row++) Store(decoded.Slice(row * columns, columns), type, importance, target.Slice(row * bytes, bytes));
    }

    // GGUF's block formats and plain numbers are copied as they are.
    private static bool IsSame(WeightMatrix source, StoredType type) => type switch
    {
        StoredType.F32 => source.Format == WeightFormat.F32,
        StoredType.F16 => source.Format == WeightFormat.F16,
        StoredType.BF16 => source.Format == WeightFormat.BF16,
        _ => StoredTypes.IsGgufBlock(type) && source.Format == StoredTypes.FormatOf(type),
    };

    private static void Repack(WeightMatrix fp4, int row, Span<byte> target)
    {
        byte* codes = fp4.Data + (row * fp4.RowBytes), scales = fp4.Scales + ((long)row * fp4.ScaleColumns);
        for (int group = 0; group < fp4.ScaleColumns; group++)
        {
            Span<byte> block = target.Slice(group * 17, 17);
            block[0] = scales[group];
            byte* packed = codes + (group * 16);

            // Neighbours share a byte there; here value j shares it with value j + 16.
            for (int j = 0; j < 16; j++) block[1 + j] = (byte)(Code(packed, j) | (Code(packed, j + 16) << 4));
        }
    }

    private static int Code(byte* packed, int i) => (packed[i / 2] >> (4 * (i & 1))) & 15;

    private void Round(WeightFormat format, Span<float> decoded, ReadOnlySpan<float> importance)
    {
        // Rows may be shorter than a block: then neighbours are joined, and what is missing at the end counts for nothing.
        int block = BlockQuantizer.ValuesOf(format), whole = (decoded.Length + block - 1) / block * block;
        if (joined.Length < 2 * whole) joined = new float[2 * whole];
        Span<float> weights = joined.AsSpan(0, whole), padded = joined.AsSpan(whole, whole);
        padded.Clear();
        decoded.CopyTo(padded);
        for (int i = 0; i < whole; i++) weights[i] = i >= decoded.Length ? 0 : importance.IsEmpty ? 1 : importance[i % importance.Length];
        BlockQuantizer.Round(format, padded, importance.IsEmpty && whole == decoded.Length ? default : weights);
        padded[..decoded.Length].CopyTo(decoded);
    }

    private static void Store(ReadOnlySpan<float> row, StoredType type, ReadOnlySpan<float> importance, Span<byte> target)
    {
        switch (type)
        {
            case StoredType.F32:
                MemoryMarshal.AsBytes(row).CopyTo(target);
                break;
            case StoredType.F16:
                for (int i = 0; i < row.Length; i++) BinaryPrimitives.WriteHalfLittleEndian(target[(2 * i)..], (Half)row[i]);
                break;
            case StoredType.BF16:
                for (int i = 0; i < row.Length; i++) BinaryPrimitives.WriteUInt16LittleEndian(target[(2 * i)..], BFloat16.Encode(row[i]));
                break;
            default:
                BlockQuantizer.Quantize(StoredTypes.FormatOf(type) ?? throw new ArgumentOutOfRangeException(nameof(type), type, "No format of blocks."), row, importance, target);
                break;
        }
    }
}
