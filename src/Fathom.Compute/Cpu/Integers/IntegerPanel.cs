using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fathom.Compute.Cpu.Integers;

/// <summary>
/// A tile of 32 weight rows as unsigned bytes in the order that its products take them: for every four columns the
/// four bytes of row 0, of row 1 and so on; and for every group of 32 columns the scales of the rows.
/// </summary>
internal static unsafe class IntegerPanel
{
    /// <summary>Weight rows of a panel.</summary>
    public const int Rows = 32;

    // Rows lie too far apart and are too many for the processor to fetch them ahead by itself.
    private const int PairsAhead = 16;

    /// <summary>Whether a panel of this format holds 16-bit numbers.</summary>
    public static bool IsWide(WeightFormat format) => format is WeightFormat.Fp8 or WeightFormat.Q6K;

    /// <summary>Floats that a panel takes: the weights, then the scales and what it takes to gather them.</summary>
    public static long Floats(WeightMatrix weight)
    {
        bool hasMinima = weight.Format is WeightFormat.Q4K or WeightFormat.Q2K;
        return (Rows * (long)weight.Columns / (IsWide(weight.Format) ? 2 : 4)) + (hasMinima ? 2 * Rows * (long)weight.Columns / 32 : 0) + ScaleFloats(weight.Columns);
    }

    /// <summary>Where the scales are.</summary>
    public static float* ScalesOf(byte* panel, int columns) => (float*)(panel + ((long)Rows * columns));

    /// <summary>Fills a panel.</summary>
    /// <param name="weight">The matrix, its columns a multiple of 64.</param>
    /// <param name="row">First row.</param>
    /// <param name="panel">Memory of <see cref="Floats"/>.</param>
    public static void Fill(WeightMatrix weight, int row, byte* panel)
    {
        if (weight.Format == WeightFormat.Fp8)
        {
            FillWide(weight, row, panel);
            return;
        }

        float* scales = ScalesOf(panel, weight.Columns);
        switch (weight.Format)
        {
            case WeightFormat.Mxfp4: Fill<Mxfp4Bytes>(weight, row, panel); break;
            case WeightFormat.Fp4: Fill<Fp4Bytes>(weight, row, panel); break;
            default: Fill<Q80Bytes>(weight, row, panel); break;
        }

        // The scales of eight rows are put side by side first, at the end of the panel's own scales.
        int groups = weight.Columns / 32;
        for (int r = 0; r < Rows; r += 8)
        {
            if (weight.Format == WeightFormat.Q80)
            {
                var halves = (ushort*)(scales + ScaleFloats(weight.Columns) - (groups * 4));
                ScaleGather.Q80(weight.Data + ((row + r) * weight.RowBytes), weight.RowBytes, groups, halves);
                for (int g = 0; g < groups; g++) HalfScales.ToSingle(Vector128.Load(halves + (8 * g))).Store(scales + (g * Rows) + r);
            }
            else
            {
                byte* codes = (byte*)(scales + ScaleFloats(weight.Columns)) - (groups * 8);
                Fp4IntegerRows.GatherScales(weight, row + r, codes);
                for (int g = 0; g < groups; g++)
                {
                    Vector256<float> powers = (Avx2.ConvertToVector256Int32(codes + (8 * g)) << 23).AsSingle();
                    (powers * 0.5f).Store(scales + (g * Rows) + r);
                }
            }
        }
    }

    private static long ScaleFloats(int columns) => (Rows + 8) * (long)columns / 32;

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Fill<TBytes>(WeightMatrix weight, int row, byte* panel)
        where TBytes : struct, IUnsignedBytes
    {
        long stride = weight.RowBytes;
        byte* start = weight.Data + (row * stride);

        // 64 columns of all rows at a time: what is written stays in the first cache until it is whole.
        for (int pair = 0; pair < weight.Columns / 64; pair++, panel += Rows * 64)
        {
            for (int r = 0; r < Rows; r += 4)
            {
                byte* w = start + (r * stride), to = panel + (4 * r);
                byte* ahead = w + (stride * (pair + PairsAhead) * 64 / weight.Columns);
                for (int i = 0; i < 4; i++) Sse.Prefetch0(ahead + (i * stride));
                Vector512<uint> a = TBytes.Load(w, pair).AsUInt32(), b = TBytes.Load(w + stride, pair).AsUInt32();
                Vector512<uint> c = TBytes.Load(w + (2 * stride), pair).AsUInt32(), d = TBytes.Load(w + (3 * stride), pair).AsUInt32();
                Store(a, b, c, d, to, 16 * Rows);
            }
        }
    }

    // FP8 has 16-bit integers: of every two columns the two of row 0, of row 1 and so on.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void FillWide(WeightMatrix weight, int row, byte* panel)
    {
        Fp8Integers.Tables tables = Fp8Integers.Load();
        long stride = weight.RowBytes;
        byte* start = weight.Data + (row * stride);
        float* scales = (float*)(panel + (2L * Rows * weight.Columns));
        for (int group = 0; group < weight.Columns / 32; group++)
        {
            for (int r = 0; r < Rows; r++) scales[(group * Rows) + r] = weight.ScaleAt(row + r, group / 4) * Fp8Integers.Unit;
        }

        for (int pair = 0; pair < weight.Columns / 64; pair++, panel += Rows * 128)
        {
            for (int r = 0; r < Rows; r += 4)
            {
                byte* w = start + (r * stride) + (64L * pair), to = panel + (4 * r);
                for (int i = 0; i < 4; i++) Sse.Prefetch0(w + (i * stride) + (64 * PairsAhead));
                (Vector512<short> a, Vector512<short> a2) = tables.Decode(Vector512.Load(w));
                (Vector512<short> b, Vector512<short> b2) = tables.Decode(Vector512.Load(w + stride));
                (Vector512<short> c, Vector512<short> c2) = tables.Decode(Vector512.Load(w + (2 * stride)));
                (Vector512<short> d, Vector512<short> d2) = tables.Decode(Vector512.Load(w + (3 * stride)));
                Store(a.AsUInt32(), b.AsUInt32(), c.AsUInt32(), d.AsUInt32(), to, 32 * Rows);
                Store(a2.AsUInt32(), b2.AsUInt32(), c2.AsUInt32(), d2.AsUInt32(), to + (Rows * 16), 32 * Rows);
            }
        }
    }

    // Four rows of sixteen units of four bytes, turned around.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, Vector512<uint> d, byte* to, int apart)
    {
        Vector512<ulong> ab = Avx512F.UnpackLow(a, b).AsUInt64(), cd = Avx512F.UnpackLow(c, d).AsUInt64();
        Store(Avx512F.UnpackLow(ab, cd), to, apart);
        Store(Avx512F.UnpackHigh(ab, cd), to + (Rows * 4), apart);
        ab = Avx512F.UnpackHigh(a, b).AsUInt64();
        cd = Avx512F.UnpackHigh(c, d).AsUInt64();
        Store(Avx512F.UnpackLow(ab, cd), to + (Rows * 8), apart);
        Store(Avx512F.UnpackHigh(ab, cd), to + (Rows * 12), apart);
    }

    // The quarters belong to columns a quarter of the 64 apart.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector512<ulong> quarters, byte* to, int apart)
    {
        Vector256<ulong> low = quarters.GetLower(), high = quarters.GetUpper();
        low.GetLower().AsByte().Store(to);
        low.GetUpper().AsByte().Store(to + apart);
        high.GetLower().AsByte().Store(to + (2 * apart));
        high.GetUpper().AsByte().Store(to + (3 * apart));
    }
}
