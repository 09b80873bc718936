using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fathom.Compute.Cpu.Integers;

/// <summary>Six input rows with half a panel of Q8_0 rows: twelve sums are enough to hide how long a product takes.</summary>
internal static unsafe class Q80IntegerTile
{
    private const int Half = IntegerPanel.Rows / 2;

    /// <summary>y[i][o] = x_i · row o.</summary>
    /// <param name="x">The inputs, [6].</param>
    /// <param name="panel">The weights.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="y">Receives [6][32].</param>
    public static void Multiply(IntegerRow* x, byte* panel, int columns, float* y)
    {
        float* scales = IntegerPanel.ScalesOf(panel, columns);
        Multiply(x, panel, scales, columns, y);
        Multiply(x, panel + (4 * Half), scales + Half, columns, y + Half);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Multiply(IntegerRow* x, byte* panel, float* scales, int columns, float* y)
    {
        sbyte* a0 = x[0].X, a1 = x[1].X, a2 = x[2].X, a3 = x[3].X, a4 = x[4].X, a5 = x[5].X;
        for (int i = 0; i < 6; i++) new Span<float>(y + (i * IntegerPanel.Rows), Half).Clear();
        for (int group = 0; group < columns / 32; group++)
        {
            Vector256<int> d00 = default, d01 = default, d10 = default, d11 = default, d20 = default, d21 = default, d30 = default, d31 = default, d40 = default, d41 = default, d50 = default, d51 = default;
            nint end = 32 * (nint)(group + 1);
            for (nint k = end - 32; k < end; k += 4, panel += 4 * IntegerPanel.Rows)
            {
                Vector256<byte> w0 = Vector256.Load(panel), w1 = Vector256.Load(panel + 32);
                Vector256<sbyte> v = Vector256.Create(*(int*)(a0 + k)).AsSByte();
                d00 = AvxVnni.MultiplyWideningAndAdd(d00, w0, v);
                d01 = AvxVnni.MultiplyWideningAndAdd(d01, w1, v);
                v = Vector256.Create(*(int*)(a1 + k)).AsSByte();
                d10 = AvxVnni.MultiplyWideningAndAdd(d10, w0, v);
                d11 = AvxVnni.MultiplyWideningAndAdd(d11, w1, v);
                v = Vector256.Create(*(int*)(a2 + k)).AsSByte();
                d20 = AvxVnni.MultiplyWideningAndAdd(d20, w0, v);
                d21 = AvxVnni.MultiplyWideningAndAdd(d21, w1, v);
                v = Vector256.Create(*(int*)(a3 + k)).AsSByte();
                d30 = AvxVnni.MultiplyWideningAndAdd(d30, w0, v);
                d31 = AvxVnni.MultiplyWideningAndAdd(d31, w1, v);
                v = Vector256.Create(*(int*)(a4 + k)).AsSByte();
                d40 = AvxVnni.MultiplyWideningAndAdd(d40, w0, v);
                d41 = AvxVnni.MultiplyWideningAndAdd(d41, w1, v);
                v = Vector256.Create(*(int*)(a5 + k)).AsSByte();
                d50 = AvxVnni.MultiplyWideningAndAdd(d50, w0, v);
                d51 = AvxVnni.MultiplyWideningAndAdd(d51, w1, v);
            }

            // Sums rest in memory between groups, which leaves the lower registers, the ones this product takes, to the integers.
            Vector256<float> c0 = Vector256.Load(scales), c1 = Vector256.Load(scales + 8);
            scales += IntegerPanel.Rows;
            Add(y, d00, d01, x[0].Offset(group), x[0].S[group], c0, c1);
            Add(y + IntegerPanel.Rows, d10, d11, x[1].Offset(group), x[1].S[group], c0, c1);
            Add(y + (2 * IntegerPanel.Rows), d20, d21, x[2].Offset(group), x[2].S[group], c0, c1);
            Add(y + (3 * IntegerPanel.Rows), d30, d31, x[3].Offset(group), x[3].S[group], c0, c1);
            Add(y + (4 * IntegerPanel.Rows), d40, d41, x[4].Offset(group), x[4].S[group], c0, c1);
            Add(y + (5 * IntegerPanel.Rows), d50, d51, x[5].Offset(group), x[5].S[group], c0, c1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(float* y, Vector256<int> d0, Vector256<int> d1, int offset, float scale, Vector256<float> c0, Vector256<float> c1)
    {
        Vector256<int> o = Vector256.Create(offset << Q80Bytes.OffsetShift);
        Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(d0 + o), c0 * scale, Vector256.Load(y)).Store(y);
        Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(d1 + o), c1 * scale, Vector256.Load(y + 8)).Store(y + 8);
    }
}
