using Fathom.Compute.Numbers;

namespace Fathom.Compute;

/// <summary>
/// A weight matrix [<see cref="Rows"/> = outputs, <see cref="Columns"/> = inputs] in the bytes it was shipped in,
/// used as y = x · Wᵀ. It borrows its memory, usually from a mapped file that must stay open.
/// </summary>
public sealed unsafe class WeightMatrix
{
    /// <summary>Block edge of FP8 scales.</summary>
    public const int Fp8Block = 128;

    /// <summary>Columns that share an FP4 scale.</summary>
    public const int Fp4Group = 32;

    /// <summary>Wraps the bytes of a matrix.</summary>
    /// <param name="format">How <paramref name="data"/> is to be read.</param>
    /// <param name="rows">Outputs.</param>
    /// <param name="columns">Inputs; even for FP4.</param>
    /// <param name="data">First byte of the weights, row-major.</param>
    /// <param name="scales">First scale for FP8 ([ceil(rows/128), ceil(columns/128)]) and FP4 ([rows, ceil(columns/32)]); null otherwise.</param>
    /// <param name="scalesAreFloat">Whether the scales are binary32 (checkpoints of the Base models) and not UE8M0.</param>
    /// <exception cref="ArgumentException">Scales are missing or superfluous for the format.</exception>
    public WeightMatrix(WeightFormat format, int rows, int columns, void* data, void* scales = null, bool scalesAreFloat = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        if (GgufBlocks.IsBlock(format) && columns % GgufBlocks.ValuesOf(format) != 0) throw new ArgumentException($"A row in {format} is whole blocks of {GgufBlocks.ValuesOf(format)}; {columns} columns are not.", nameof(columns));
        bool needsScales = format is WeightFormat.Fp8 or WeightFormat.Fp4;
        if (needsScales != (scales is not null))
            throw new ArgumentException($"A matrix in {format} {(needsScales ? "needs" : "has no")} scales.", nameof(scales));
        Format = format;
        Rows = rows;
        Columns = columns;
        Data = (byte*)data;
        Scales = (byte*)scales;
        ScalesAreFloat = scalesAreFloat;
    }

    /// <summary>What the checkpoint calls it; null for matrices that are in none. It stays when the bytes move.</summary>
    public string? Name { get; init; }

    /// <summary>How the numbers are stored.</summary>
    public WeightFormat Format { get; }

    /// <summary>Outputs.</summary>
    public int Rows { get; }

    /// <summary>Inputs.</summary>
    public int Columns { get; }

    /// <summary>The stored weights.</summary>
    public byte* Data { get; private set; }

    /// <summary>The stored scales, or null.</summary>
    public byte* Scales { get; private set; }

    /// <summary>Whether <see cref="Scales"/> holds binary32 numbers instead of UE8M0 bytes.</summary>
    public bool ScalesAreFloat { get; }

    /// <summary>Whether the reference rounds this matrix's inputs to FP8 first (architecture specification, section 9.2).</summary>
    public bool RoundsItsInput => Format is WeightFormat.Fp8 or WeightFormat.Fp4;

    /// <summary>Whether fast products round this matrix's inputs to integers: its weights are small integers under shared scales themselves.</summary>
    public bool TakesIntegers => Format switch
    {
        WeightFormat.Fp4 => Columns % 64 == 0 && !ScalesAreFloat,
        WeightFormat.Mxfp4 or WeightFormat.Q80 => Columns % 64 == 0,
        WeightFormat.Fp8 => Columns % Fp8Block == 0,
        WeightFormat.Q4K or WeightFormat.Q6K or WeightFormat.Q2K or WeightFormat.Iq2Xxs => true,
        _ => false,
    };

    /// <summary>Bytes of one stored row without scales.</summary>
    public long RowBytes => Format switch
    {
        WeightFormat.F32 => 4L * Columns,
        WeightFormat.F16 or WeightFormat.BF16 => 2L * Columns,
        WeightFormat.Fp8 => Columns,
        WeightFormat.Fp4 => Columns / 2,
        _ => (long)Columns / GgufBlocks.ValuesOf(Format) * GgufBlocks.BytesOf(Format),
    };

    /// <summary>Scales per row of scales: ceil(columns / 128) for FP8, ceil(columns / 32) for FP4.</summary>
    public int ScaleColumns => Format == WeightFormat.Fp8 ? (Columns + Fp8Block - 1) / Fp8Block : (Columns + Fp4Group - 1) / Fp4Group;

    /// <summary>Says where the same bytes lie from now on: for those whose memory holds one matrix after the other. Nobody may be using the matrix meanwhile.</summary>
    /// <param name="data">First byte of the weights; null while they are nowhere.</param>
    /// <param name="scales">First scale, or null.</param>
    public void MoveTo(void* data, void* scales)
    {
        Data = (byte*)data;
        Scales = (byte*)scales;
    }

    /// <summary>The scale of the block that holds a weight.</summary>
    public float ScaleAt(int row, int scaleColumn)
    {
        long index = ((long)(Format == WeightFormat.Fp8 ? row / Fp8Block : row) * ScaleColumns) + scaleColumn;
        return ScalesAreFloat ? ((float*)Scales)[index] : E8M0.Decode(Scales[index]);
    }

    /// <summary>One weight, read by the plain formula (checkpoint specification, sections 2.6 and 4.5).</summary>
    public float ValueAt(int row, int column)
    {
        byte* start = Data + (row * RowBytes);
        return Format switch
        {
            WeightFormat.F32 => ((float*)start)[column],
            WeightFormat.F16 => (float)((Half*)start)[column],
            WeightFormat.BF16 => BFloat16.Decode(((ushort*)start)[column]),
            WeightFormat.Fp8 => E4M3.Decode(start[column]) * ScaleAt(row, column / Fp8Block),
            WeightFormat.Fp4 => E2M1.Decode(start[column / 2] >> (4 * (column & 1))) * ScaleAt(row, column / Fp4Group),
            _ => GgufBlocks.ValueAt(Format, start, column),
        };
    }

    /// <summary>All weights of a row, the values of <see cref="ValueAt"/>.</summary>
    /// <param name="row">Which row.</param>
    /// <param name="target">Receives them, [columns].</param>
    public void DecodeRow(int row, Span<float> target)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows, nameof(row));
        if (target.Length != Columns) throw new ArgumentException($"A row has {Columns} values, the target {target.Length}.", nameof(target));
        fixed (float* values = target) Cpu.WeightDecoder.DecodeRow(this, row, values);
    }

    /// <summary>One weight as fast products take it: FP8 values are multiples of 1/64 of their scale, which is exact from 1/8 on (the largest is 448); all others are exact.</summary>
    public float FastValueAt(int row, int column) => Format == WeightFormat.Fp8
        ? MathF.Round(E4M3.Decode(Data[(row * RowBytes) + column]) * 64f) / 64f * ScaleAt(row, column / Fp8Block)
        : ValueAt(row, column);
}
