using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fathom.Compute.Cpu.Integers;

/// <summary>
/// Four input rows with a panel of FP4 rows. Pairs of products are added up in 16 bits for a whole group: sixteen of them reach
/// 16 · 12 · 127 at most, and what the weights' offset adds wraps around and is taken away again, because the sums begin at minus it.
/// </summary>
internal static unsafe class Fp4IntegerTile
{
    /// <summary>y[i][o] = x_i · row o.</summary>
    /// <param name="x">The inputs, [4].</param>
    /// <param name="panel">The weights.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="y">Receives [4][32].</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Multiply(IntegerRow* x, byte* panel, int columns, float* y)
    {
        sbyte* a0 = x[0].X, a1 = x[1].X, a2 = x[2].X, a3 = x[3].X;
        float* scales = IntegerPanel.ScalesOf(panel, columns);
        Vector512<short> ones = Vector512.Create((short)1);
        Vector512<float> y00 = default, y01 = default, y10 = default, y11 = default, y20 = default, y21 = default, y30 = default, y31 = default;
        for (int group = 0; group < columns / 32; group++)
        {
            Vector512<short> s00 = Vector512.Create(x[0].O[group]).AsInt16(), s01 = s00;
            Vector512<short> s10 = Vector512.Create(x[1].O[group]).AsInt16(), s11 = s10;
            Vector512<short> s20 = Vector512.Create(x[2].O[group]).AsInt16(), s21 = s20;
            Vector512<short> s30 = Vector512.Create(x[3].O[group]).AsInt16(), s31 = s30;
            nint end = 32 * (nint)(group + 1);
            for (nint k = end - 32; k < end; k += 4, panel += 4 * IntegerPanel.Rows)
            {
                Vector512<byte> w0 = Vector512.Load(panel), w1 = Vector512.Load(panel + 64);
                Vector512<sbyte> v = Vector512.Create(*(int*)(a0 + k)).AsSByte();
                s00 += Avx512BW.MultiplyAddAdjacent(w0, v);
                s01 += Avx512BW.MultiplyAddAdjacent(w1, v);
                v = Vector512.Create(*(int*)(a1 + k)).AsSByte();
                s10 += Avx512BW.MultiplyAddAdjacent(w0, v);
                s11 += Avx512BW.MultiplyAddAdjacent(w1, v);
                v = Vector512.Create(*(int*)(a2 + k)).AsSByte();
                s20 += Avx512BW.MultiplyAddAdjacent(w0, v);
                s21 += Avx512BW.MultiplyAddAdjacent(w1, v);
                v = Vector512.Create(*(int*)(a3 + k)).AsSByte();
                s30 += Avx512BW.MultiplyAddAdjacent(w0, v);
                s31 += Avx512BW.MultiplyAddAdjacent(w1, v);
            }

            Vector512<float> c0 = Vector512.Load(scales), c1 = Vector512.Load(scales + 16);
            scales += IntegerPanel.Rows;
            y00 = Add(y00, s00, ones, c0 * x[0].S[group]);
            y01 = Add(y01, s01, ones, c1 * x[0].S[group]);
            y10 = Add(y10, s10, ones, c0 * x[1].S[group]);
            y11 = Add(y11, s11, ones, c1 * x[1].S[group]);
            y20 = Add(y20, s20, ones, c0 * x[2].S[group]);
            y21 = Add(y21, s21, ones, c1 * x[2].S[group]);
            y30 = Add(y30, s30, ones, c0 * x[3].S[group]);
            y31 = Add(y31, s31, ones, c1 * x[3].S[group]);
        }

        y00.Store(y);
        y01.Store(y + 16);
        y10.Store(y + 32);
        y11.Store(y + 48);
        y20.Store(y + 64);
        y21.Store(y + 80);
        y30.Store(y + 96);
        y31.Store(y + 112);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Add(Vector512<float> y, Vector512<short> pairs, Vector512<short> ones, Vector512<float> scale) =>
        Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(Avx512BW.MultiplyAddAdjacent(pairs, ones)), scale, y);
}
