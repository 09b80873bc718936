using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Fathom.Compute.Cpu.Kernels;

/// <summary>
/// Products of many input rows with a tile of decoded weight rows, panel of columns by panel, so that both stay in the
/// first caches. Sums rest in memory between panels: each is still the one chain of <see cref="Lanes.Dot"/>, bit for bit.
/// </summary>
internal static unsafe class PanelTile
{
    /// <summary>Columns of a panel.</summary>
    public const int Columns = 512;

    /// <summary>Input rows whose sums are kept at a time.</summary>
    public const int InputsTogether = 64;

    private const int Edge = 4;

    /// <summary>Floats of scratch for the sums.</summary>
    public static long SumFloats(int weights) => (long)InputsTogether * weights * Lanes.Count;

    /// <summary>Whether a product of this shape is made here.</summary>
    public static bool Fit(int weights, int columns) => weights % Edge == 0 && columns % Lanes.Count == 0;

    /// <summary>y = x · wᵀ for a tile.</summary>
    /// <param name="x">First input row.</param>
    /// <param name="xStride">Floats between input rows.</param>
    /// <param name="inputs">Input rows.</param>
    /// <param name="w">Weights, panel after panel: [panels][weights][columns of the panel].</param>
    /// <param name="weights">Weight rows, a multiple of 4.</param>
    /// <param name="columns">Floats in a product, a multiple of 16.</param>
    /// <param name="sums">Scratch of <see cref="SumFloats"/>.</param>
    /// <param name="y">Where the product of input 0 and weight 0 goes; weights lie side by side.</param>
    /// <param name="yStride">Floats between the results of two inputs.</param>
    public static void Multiply(float* x, long xStride, int inputs, float* w, int weights, int columns, float* sums, float* y, long yStride)
    {
        for (int first = 0; first < inputs; first += InputsTogether)
        {
            int count = Math.Min(InputsTogether, inputs - first);
            new Span<float>(sums, count * weights * Lanes.Count).Clear();
            for (int column = 0; column < columns; column += Columns)
            {
                int width = Math.Min(Columns, columns - column);
                Panel(x + (first * xStride) + column, xStride, count, w + ((long)column * weights), weights, width, sums);
            }

            for (int i = 0; i < count; i++)
            {
                for (int o = 0; o < weights; o++) y[((first + i) * yStride) + o] = Vector512.Sum(Vector512.Load(sums + (((i * weights) + o) * Lanes.Count)));
            }
        }
    }

    private static void Panel(float* x, long xStride, int inputs, float* w, int weights, int width, float* sums)
    {
        int i = 0;
        for (; i <= inputs - Edge; i += Edge)
        {
            for (int o = 0; o < weights; o += Edge)
                FourByFour(x + (i * xStride), xStride, w + ((long)o * width), width, sums + (((i * weights) + o) * Lanes.Count), weights * Lanes.Count);
        }

        for (; i < inputs; i++)
        {
            for (int o = 0; o < weights; o += Edge) OneByFour(x + (i * xStride), w + ((long)o * width), width, sums + (((i * weights) + o) * Lanes.Count));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneByFour(float* x, float* w, int width, float* sums)
    {
        float* w1 = w + width, w2 = w1 + width, w3 = w2 + width;
        Vector512<float> s0 = Vector512.Load(sums), s1 = Vector512.Load(sums + 16), s2 = Vector512.Load(sums + 32), s3 = Vector512.Load(sums + 48);
        for (int c = 0; c < width; c += Lanes.Count)
        {
            Vector512<float> v = Vector512.Load(x + c);
            s0 = Vector512.FusedMultiplyAdd(v, Vector512.Load(w + c), s0);
            s1 = Vector512.FusedMultiplyAdd(v, Vector512.Load(w1 + c), s1);
            s2 = Vector512.FusedMultiplyAdd(v, Vector512.Load(w2 + c), s2);
            s3 = Vector512.FusedMultiplyAdd(v, Vector512.Load(w3 + c), s3);
        }

        s0.Store(sums);
        s1.Store(sums + 16);
        s2.Store(sums + 32);
        s3.Store(sums + 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourByFour(float* x, long xStride, float* w, int width, float* sums, long sumStride)
    {
        float* x1 = x + xStride, x2 = x1 + xStride, x3 = x2 + xStride;
        float* w1 = w + width, w2 = w1 + width, w3 = w2 + width;
        float* t1 = sums + sumStride, t2 = t1 + sumStride, t3 = t2 + sumStride;
        Vector512<float> s00 = Vector512.Load(sums), s01 = Vector512.Load(sums + 16), s02 = Vector512.Load(sums + 32), s03 = Vector512.Load(sums + 48);
        Vector512<float> s10 = Vector512.Load(t1), s11 = Vector512.Load(t1 + 16), s12 = Vector512.Load(t1 + 32), s13 = Vector512.Load(t1 + 48);
        Vector512<float> s20 = Vector512.Load(t2), s21 = Vector512.Load(t2 + 16), s22 = Vector512.Load(t2 + 32), s23 = Vector512.Load(t2 + 48);
        Vector512<float> s30 = Vector512.Load(t3), s31 = Vector512.Load(t3 + 16), s32 = Vector512.Load(t3 + 32), s33 = Vector512.Load(t3 + 48);
        for (int c = 0; c < width; c += Lanes.Count)
        {
            Vector512<float> a = Vector512.Load(w + c), b = Vector512.Load(w1 + c), d = Vector512.Load(w2 + c), e = Vector512.Load(w3 + c);
            Vector512<float> v = Vector512.Load(x + c);
            s00 = Vector512.FusedMultiplyAdd(v, a, s00);
            s01 = Vector512.FusedMultiplyAdd(v, b, s01);
            s02 = Vector512.FusedMultiplyAdd(v, d, s02);
            s03 = Vector512.FusedMultiplyAdd(v, e, s03);
            v = Vector512.Load(x1 + c);
            s10 = Vector512.FusedMultiplyAdd(v, a, s10);
            s11 = Vector512.FusedMultiplyAdd(v, b, s11);
            s12 = Vector512.FusedMultiplyAdd(v, d, s12);
            s13 = Vector512.FusedMultiplyAdd(v, e, s13);
            v = Vector512.Load(x2 + c);
            s20 = Vector512.FusedMultiplyAdd(v, a, s20);
            s21 = Vector512.FusedMultiplyAdd(v, b, s21);
            s22 = Vector512.FusedMultiplyAdd(v, d, s22);
            s23 = Vector512.FusedMultiplyAdd(v, e, s23);
            v = Vector512.Load(x3 + c);
            s30 = Vector512.FusedMultiplyAdd(v, a, s30);
            s31 = Vector512.FusedMultiplyAdd(v, b, s31);
            s32 = Vector512.FusedMultiplyAdd(v, d, s32);
            s33 = Vector512.FusedMultiplyAdd(v, e, s33);
        }

        s00.Store(sums);
        s01.Store(sums + 16);
        s02.Store(sums + 32);
        s03.Store(sums + 48);
        s10.Store(t1);
        s11.Store(t1 + 16);
        s12.Store(t1 + 32);
        s13.Store(t1 + 48);
        s20.Store(t2);
        s21.Store(t2 + 16);
        s22.Store(t2 + 32);
        s23.Store(t2 + 48);
        s30.Store(t3);
        s31.Store(t3 + 16);
        s32.Store(t3 + 32);
        s33.Store(t3 + 48);
    }
}
