using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Fathom.Compute.Cpu.Integers.Dots;
using Fathom.Compute.Cpu.Integers.Groups;

namespace Fathom.Compute.Cpu.Integers;

/// <summary>Six input rows with half a panel of bytes: twelve sums are enough to hide how long a product takes.</summary>
internal static unsafe class ByteTile
{
    private const int Half = IntegerPanel.Rows / 2;

    /// <summary>y[i][o] = x_i · row o.</summary>
    /// <param name="x">The inputs, [6].</param>
    /// <param name="panel">The weights.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="bias">What was added to the weights.</param>
    /// <param name="y">Receives [6][32].</param>
    public static void Multiply<TSum, TFormat>(IntegerRow* x, byte* panel, int columns, int bias, float* y)
        where TSum : struct, ITileSum
        where TFormat : struct, IGroupFormat
    {
        float* scales = IntegerPanel.ScalesOf(panel, columns);
        Halve<TSum, TFormat>(x, panel, scales, columns, bias, y);
        Halve<TSum, TFormat>(x, panel + (4 * Half), scales + Half, columns, bias, y + Half);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Halve<TSum, TFormat>(IntegerRow* x, byte* panel, float* scales, int columns, int bias, float* y)
        where TSum : struct, ITileSum
        where TFormat : struct, IGroupFormat
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
                d00 = TSum.Add(d00, w0, v);
                d01 = TSum.Add(d01, w1, v);
                v = Vector256.Create(*(int*)(a1 + k)).AsSByte();
                d10 = TSum.Add(d10, w0, v);
                d11 = TSum.Add(d11, w1, v);
                v = Vector256.Create(*(int*)(a2 + k)).AsSByte();
                d20 = TSum.Add(d20, w0, v);
                d21 = TSum.Add(d21, w1, v);
                v = Vector256.Create(*(int*)(a3 + k)).AsSByte();
                d30 = TSum.Add(d30, w0, v);
                d31 = TSum.Add(d31, w1, v);
                v = Vector256.Create(*(int*)(a4 + k)).AsSByte();
                d40 = TSum.Add(d40, w0, v);
                d41 = TSum.Add(d41, w1, v);
                v = Vector256.Create(*(int*)(a5 + k)).AsSByte();
                d50 = TSum.Add(d50, w0, v);
                d51 = TSum.Add(d51, w1, v);
            }

            // Sums rest in memory between groups, which leaves the lower registers, the ones these products take, to the integers.
            TileSums.Add(y, TSum.Finish(d00, x, group, bias), TSum.Finish(d01, x, group, bias), x, group, scales, TFormat.HasMinima);
            TileSums.Add(y + IntegerPanel.Rows, TSum.Finish(d10, x + 1, group, bias), TSum.Finish(d11, x + 1, group, bias), x + 1, group, scales, TFormat.HasMinima);
            TileSums.Add(y + (2 * IntegerPanel.Rows), TSum.Finish(d20, x + 2, group, bias), TSum.Finish(d21, x + 2, group, bias), x + 2, group, scales, TFormat.HasMinima);
            TileSums.Add(y + (3 * IntegerPanel.Rows), TSum.Finish(d30, x + 3, group, bias), TSum.Finish(d31, x + 3, group, bias), x + 3, group, scales, TFormat.HasMinima);
            TileSums.Add(y + (4 * IntegerPanel.Rows), TSum.Finish(d40, x + 4, group, bias), TSum.Finish(d41, x + 4, group, bias), x + 4, group, scales, TFormat.HasMinima);
            TileSums.Add(y + (5 * IntegerPanel.Rows), TSum.Finish(d50, x + 5, group, bias), TSum.Finish(d51, x + 5, group, bias), x + 5, group, scales, TFormat.HasMinima);
            scales += TFormat.HasMinima ? 3 * IntegerPanel.Rows : IntegerPanel.Rows;
        }
    }
}
