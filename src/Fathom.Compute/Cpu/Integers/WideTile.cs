using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Fathom.Compute.Cpu.Integers.Dots;

namespace Fathom.Compute.Cpu.Integers;

/// <summary>Four input rows with half a panel of 16-bit numbers.</summary>
internal static unsafe class WideTile
{
    private const int Half = IntegerPanel.Rows / 2;

    /// <summary>y[i][o] = x_i · row o.</summary>
    /// <param name="x">The inputs, [4].</param>
    /// <param name="panel">The weights, pairs of columns.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="y">Receives [4][32].</param>
    public static void Multiply<TDot>(IntegerRow* x, byte* panel, int columns, float* y)
        where TDot : struct, IByteDot
    {
        float* scales = IntegerPanel.ScalesOf(panel, 2 * columns);
        Halve<TDot>(x, (short*)panel, scales, columns, y);
        Halve<TDot>(x, (short*)panel + (2 * Half), scales + Half, columns, y + Half);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Halve<TDot>(IntegerRow* x, short* panel, float* scales, int columns, float* y)
        where TDot : struct, IByteDot
    {
        short* a0 = x[0].W, a1 = x[1].W, a2 = x[2].W, a3 = x[3].W;
        for (int i = 0; i < 4; i++) new Span<float>(y + (i * IntegerPanel.Rows), Half).Clear();
        for (int group = 0; group < columns / 32; group++)
        {
            Vector256<int> d00 = default, d01 = default, d10 = default, d11 = default, d20 = default, d21 = default, d30 = default, d31 = default;
            nint end = 32 * (nint)(group + 1);
            for (nint k = end - 32; k < end; k += 2, panel += 2 * IntegerPanel.Rows)
            {
                Vector256<short> w0 = Vector256.Load(panel), w1 = Vector256.Load(panel + 16);
                Vector256<short> v = Vector256.Create(*(int*)(a0 + k)).AsInt16();
                d00 = TDot.Add(d00, w0, v);
                d01 = TDot.Add(d01, w1, v);
                v = Vector256.Create(*(int*)(a1 + k)).AsInt16();
                d10 = TDot.Add(d10, w0, v);
                d11 = TDot.Add(d11, w1, v);
                v = Vector256.Create(*(int*)(a2 + k)).AsInt16();
                d20 = TDot.Add(d20, w0, v);
                d21 = TDot.Add(d21, w1, v);
                v = Vector256.Create(*(int*)(a3 + k)).AsInt16();
                d30 = TDot.Add(d30, w0, v);
                d31 = TDot.Add(d31, w1, v);
            }

            TileSums.Add(y, d00, d01, x, group, scales, false);
            TileSums.Add(y + IntegerPanel.Rows, d10, d11, x + 1, group, scales, false);
            TileSums.Add(y + (2 * IntegerPanel.Rows), d20, d21, x + 2, group, scales, false);
            TileSums.Add(y + (3 * IntegerPanel.Rows), d30, d31, x + 3, group, scales, false);
            scales += IntegerPanel.Rows;
        }
    }
}
