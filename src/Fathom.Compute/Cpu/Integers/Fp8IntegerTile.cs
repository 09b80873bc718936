using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fathom.Compute.Cpu.Integers;

/// <summary>Four input rows with a panel of FP8 rows, whose integers have 16 bits.</summary>
internal static unsafe class Fp8IntegerTile
{
    /// <summary>y[i][o] = x_i · row o.</summary>
    /// <param name="x">The inputs, [4].</param>
    /// <param name="panel">The weights, pairs of columns.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="y">Receives [4][32].</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Multiply(IntegerRow* x, byte* panel, int columns, float* y)
    {
        short* a0 = x[0].W, a1 = x[1].W, a2 = x[2].W, a3 = x[3].W;
        float* scales = (float*)(panel + (2L * IntegerPanel.Rows * columns));
        Vector512<float> y00 = default, y01 = default, y10 = default, y11 = default, y20 = default, y21 = default, y30 = default, y31 = default;
        for (int group = 0; group < columns / 32; group++)
        {
            Vector512<int> s00 = default, s01 = default, s10 = default, s11 = default, s20 = default, s21 = default, s30 = default, s31 = default;
            nint end = 32 * (nint)(group + 1);
            for (nint k = end - 32; k < end; k += 2, panel += 4 * IntegerPanel.Rows)
            {
                Vector512<short> w0 = Vector512.Load((short*)panel), w1 = Vector512.Load((short*)panel + 32);
                Vector512<short> v = Vector512.Create(*(int*)(a0 + k)).AsInt16();
                s00 += Avx512BW.MultiplyAddAdjacent(w0, v);
                s01 += Avx512BW.MultiplyAddAdjacent(w1, v);
                v = Vector512.Create(*(int*)(a1 + k)).AsInt16();
                s10 += Avx512BW.MultiplyAddAdjacent(w0, v);
                s11 += Avx512BW.MultiplyAddAdjacent(w1, v);
                v = Vector512.Create(*(int*)(a2 + k)).AsInt16();
                s20 += Avx512BW.MultiplyAddAdjacent(w0, v);
                s21 += Avx512BW.MultiplyAddAdjacent(w1, v);
                v = Vector512.Create(*(int*)(a3 + k)).AsInt16();
                s30 += Avx512BW.MultiplyAddAdjacent(w0, v);
                s31 += Avx512BW.MultiplyAddAdjacent(w1, v);
            }

            Vector512<float> c0 = Vector512.Load(scales), c1 = Vector512.Load(scales + 16);
            scales += IntegerPanel.Rows;
            y00 = Add(y00, s00, c0 * x[0].S[group]);
            y01 = Add(y01, s01, c1 * x[0].S[group]);
            y10 = Add(y10, s10, c0 * x[1].S[group]);
            y11 = Add(y11, s11, c1 * x[1].S[group]);
            y20 = Add(y20, s20, c0 * x[2].S[group]);
            y21 = Add(y21, s21, c1 * x[2].S[group]);
            y30 = Add(y30, s30, c0 * x[3].S[group]);
            y31 = Add(y31, s31, c1 * x[3].S[group]);
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
    private static Vector512<float> Add(Vector512<float> y, Vector512<int> sums, Vector512<float> scale) =>
        Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(sums), scale, y);
}
