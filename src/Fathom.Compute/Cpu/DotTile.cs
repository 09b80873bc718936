using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Fathom.Compute.Cpu;

/// <summary>
/// Dot products of an input row with decoded weight rows, eight at a time: single rows of formats that have no kernel of
/// their own, and shapes that are too odd for <see cref="Kernels.PanelTile"/>. Each of the products keeps the order of <see cref="Lanes.Dot"/>.
/// </summary>
internal static unsafe class DotTile
{
    /// <summary>Products of <paramref name="inputs"/> input rows with <paramref name="weights"/> weight rows.</summary>
    /// <param name="x">First input row.</param>
    /// <param name="xStride">Floats between input rows.</param>
    /// <param name="inputs">Number of input rows.</param>
    /// <param name="w">First weight row; rows lie <paramref name="length"/> apart.</param>
    /// <param name="weights">Number of weight rows.</param>
    /// <param name="length">Floats in a product.</param>
    /// <param name="y">Where the product of input 0 and weight 0 goes; weights lie side by side.</param>
    /// <param name="yStride">Floats between the results of two inputs.</param>
    public static void Multiply(float* x, long xStride, int inputs, float* w, int weights, int length, float* y, long yStride)
    {
        for (int i = 0; i < inputs; i++)
        {
            float* xi = x + (i * xStride);
            float* yi = y + (i * yStride);
            int o = 0;
            for (; o <= weights - 8; o += 8) OneByEight(xi, w + ((long)o * length), length, yi + o);
            for (; o < weights; o++) yi[o] = Lanes.Dot(xi, w + ((long)o * length), length);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneByEight(float* x, float* w, int length, float* y)
    {
        float* w1 = w + length, w2 = w1 + length, w3 = w2 + length, w4 = w3 + length, w5 = w4 + length, w6 = w5 + length, w7 = w6 + length;
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
        int i = 0;
        for (; i <= length - Lanes.Count; i += Lanes.Count)
        {
            Vector512<float> v = Vector512.Load(x + i);
            s0 = Vector512.FusedMultiplyAdd(v, Vector512.Load(w + i), s0);
            s1 = Vector512.FusedMultiplyAdd(v, Vector512.Load(w1 + i), s1);
            s2 = Vector512.FusedMultiplyAdd(v, Vector512.Load(w2 + i), s2);
            s3 = Vector512.FusedMultiplyAdd(v, Vector512.Load(w3 + i), s3);
            s4 = Vector512.FusedMultiplyAdd(v, Vector512.Load(w4 + i), s4);
            s5 = Vector512.FusedMultiplyAdd(v, Vector512.Load(w5 + i), s5);
            s6 = Vector512.FusedMultiplyAdd(v, Vector512.Load(w6 + i), s6);
            s7 = Vector512.FusedMultiplyAdd(v, Vector512.Load(w7 + i), s7);
        }

        y[0] = Finish(s0, x, w, i, length);
        y[1] = Finish(s1, x, w1, i, length);
        y[2] = Finish(s2, x, w2, i, length);
        y[3] = Finish(s3, x, w3, i, length);
        y[4] = Finish(s4, x, w4, i, length);
        y[5] = Finish(s5, x, w5, i, length);
        y[6] = Finish(s6, x, w6, i, length);
        y[7] = Finish(s7, x, w7, i, length);
    }

    private static float Finish(Vector512<float> sum, float* x, float* w, int from, int length)
    {
        float total = Vector512.Sum(sum);
        for (; from < length; from++) total = MathF.FusedMultiplyAdd(x[from], w[from], total);
        return total;
    }
}
