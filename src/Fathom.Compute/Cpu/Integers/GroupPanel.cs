using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Fathom.Compute.Cpu.Integers.Dots;
using Fathom.Compute.Cpu.Integers.Groups;
using Fathom.Compute.Numbers;

namespace Fathom.Compute.Cpu.Integers;

/// <summary>Fills an <see cref="IntegerPanel"/> of any format, a group of eight rows at a time.</summary>
internal static unsafe class GroupPanel
{
    private const int Rows = IntegerPanel.Rows;

    /// <summary>Fills a panel, and its scales; where there are minima, those of the first and of the last sixteen columns follow the scales of a group.</summary>
    /// <param name="weight">A matrix that takes integers.</param>
    /// <param name="row">First of 32 rows.</param>
    /// <param name="panel">Memory of <see cref="IntegerPanel.Floats"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Fill<TDot, TFormat>(WeightMatrix weight, int row, byte* panel)
        where TDot : struct, IByteDot
        where TFormat : struct, IGroupFormat
    {
        int groups = weight.Columns / IntegerRounding.Group, floats = TFormat.HasMinima ? 3 * Rows : Rows;
        float* scales = IntegerPanel.ScalesOf(panel, TFormat.HasWidePanel ? 2 * weight.Columns : weight.Columns);
        byte* gathered = (byte*)(scales + ((long)groups * floats));
        for (int r = 0; r < Rows; r += GroupRows.Rows)
        {
            TFormat.Gather(weight, row + r, gathered);
            for (int group = 0; group < groups; group++)
            {
                float* to = scales + ((long)group * floats) + r;
                TFormat.Scale(gathered, group).Store(to);
                if (!TFormat.HasMinima) continue;
                TFormat.Minimum(gathered, group, 0).Store(to + Rows);
                TFormat.Minimum(gathered, group, 1).Store(to + (2 * Rows));
            }
        }

        byte* start = weight.Data + (row * weight.RowBytes);
        for (int group = 0; group < groups; group++)
        {
            byte* block = start + ((long)(group / TFormat.Parts) * TFormat.BlockBytes);
            for (int r = 0; r < Rows; r += GroupRows.Rows)
            {
                byte* w = block + (r * weight.RowBytes);
                if (TFormat.HasWidePanel)
                {
                    FillWide<TFormat>(w, weight.RowBytes, group % TFormat.Parts, panel + (64L * Rows * group) + (4 * r));
                    continue;
                }

                Turn(
                    Load<TDot, TFormat>(w, group), Load<TDot, TFormat>(w + weight.RowBytes, group), Load<TDot, TFormat>(w + (2 * weight.RowBytes), group), Load<TDot, TFormat>(w + (3 * weight.RowBytes), group),
                    Load<TDot, TFormat>(w + (4 * weight.RowBytes), group), Load<TDot, TFormat>(w + (5 * weight.RowBytes), group), Load<TDot, TFormat>(w + (6 * weight.RowBytes), group), Load<TDot, TFormat>(w + (7 * weight.RowBytes), group),
                    panel + (32L * Rows * group) + (4 * r));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Load<TDot, TFormat>(byte* block, int group)
        where TDot : struct, IByteDot
        where TFormat : struct, IGroupFormat
    {
        Vector256<byte> bytes = TFormat.LoadForPanel(block, group % TFormat.Parts);
        return (TFormat.IsSigned && TDot.SignedBias != 0 ? bytes ^ Vector256.Create((byte)TDot.SignedBias) : bytes).AsUInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FillWide<TFormat>(byte* w, long stride, int part, byte* to)
        where TFormat : struct, IGroupFormat
    {
        (Vector256<short> a, Vector256<short> a2) = TFormat.LoadWide(w, part);
        (Vector256<short> b, Vector256<short> b2) = TFormat.LoadWide(w + stride, part);
        (Vector256<short> c, Vector256<short> c2) = TFormat.LoadWide(w + (2 * stride), part);
        (Vector256<short> d, Vector256<short> d2) = TFormat.LoadWide(w + (3 * stride), part);
        (Vector256<short> e, Vector256<short> e2) = TFormat.LoadWide(w + (4 * stride), part);
        (Vector256<short> f, Vector256<short> f2) = TFormat.LoadWide(w + (5 * stride), part);
        (Vector256<short> g, Vector256<short> g2) = TFormat.LoadWide(w + (6 * stride), part);
        (Vector256<short> h, Vector256<short> h2) = TFormat.LoadWide(w + (7 * stride), part);
        Turn(a.AsUInt32(), b.AsUInt32(), c.AsUInt32(), d.AsUInt32(), e.AsUInt32(), f.AsUInt32(), g.AsUInt32(), h.AsUInt32(), to);
        Turn(a2.AsUInt32(), b2.AsUInt32(), c2.AsUInt32(), d2.AsUInt32(), e2.AsUInt32(), f2.AsUInt32(), g2.AsUInt32(), h2.AsUInt32(), to + (32 * Rows));
    }

    // Eight rows of eight units of four bytes become eight units of eight rows.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Turn(Vector256<uint> a, Vector256<uint> b, Vector256<uint> c, Vector256<uint> d, Vector256<uint> e, Vector256<uint> f, Vector256<uint> g, Vector256<uint> h, byte* to)
    {
        if (!Avx2.IsSupported)
        {
            Scatter(a, (uint*)to);
            Scatter(b, (uint*)to + 1);
            Scatter(c, (uint*)to + 2);
            Scatter(d, (uint*)to + 3);
            Scatter(e, (uint*)to + 4);
            Scatter(f, (uint*)to + 5);
            Scatter(g, (uint*)to + 6);
            Scatter(h, (uint*)to + 7);
            return;
        }

        Vector256<ulong> ab = Avx2.UnpackLow(a, b).AsUInt64(), cd = Avx2.UnpackLow(c, d).AsUInt64(), ef = Avx2.UnpackLow(e, f).AsUInt64(), gh = Avx2.UnpackLow(g, h).AsUInt64();
        Store(Avx2.UnpackLow(ab, cd), Avx2.UnpackLow(ef, gh), to);
        Store(Avx2.UnpackHigh(ab, cd), Avx2.UnpackHigh(ef, gh), to + (4 * Rows));
        (ab, cd, ef, gh) = (Avx2.UnpackHigh(a, b).AsUInt64(), Avx2.UnpackHigh(c, d).AsUInt64(), Avx2.UnpackHigh(e, f).AsUInt64(), Avx2.UnpackHigh(g, h).AsUInt64());
        Store(Avx2.UnpackLow(ab, cd), Avx2.UnpackLow(ef, gh), to + (8 * Rows));
        Store(Avx2.UnpackHigh(ab, cd), Avx2.UnpackHigh(ef, gh), to + (12 * Rows));
    }

    // Units of the first sixteen bytes, and those four further.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<ulong> first, Vector256<ulong> last, byte* to)
    {
        Avx2.Permute2x128(first, last, 0x20).AsByte().Store(to);
        Avx2.Permute2x128(first, last, 0x31).AsByte().Store(to + (16 * Rows));
    }

    private static void Scatter(Vector256<uint> units, uint* to)
    {
        for (int i = 0; i < Vector256<uint>.Count; i++) to[i * Rows] = units[i];
    }
}
