using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Fathom.Compute.Cpu;

/// <summary>
/// Register tiles of dot products between input rows and decoded weight rows. Each of the products keeps the order
/// of <see cref="Lanes.Dot"/>, whatever the tile: one row gets the same bits alone and in a crowd.
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
        int i = 0;
        for (; i <= inputs - 4; i += 4)
        {
            int o = 0;
            for (; o <= weights - 4; o += 4)
                FourByFour(x + (i * xStride), xStride, w + ((long)o * length), length, y + (i * yStride) + o, yStride);
            for (; o < weights; o++)
            {
                for (int j = i; j < i + 4; j++)
                    y[(j * yStride) + o] = Lanes.Dot(x + (j * xStride), w + ((long)o * length), length);
            }
        }

        for (; i < inputs; i++)
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourByFour(float* x, long xStride, float* w, int length, float* y, long yStride)
    {
        float* x1 = x + xStride, x2 = x1 + xStride, x3 = x2 + xStride;
        float* w1 = w + length, w2 = w1 + length, w3 = w2 + length;
        Vector512<float> s00 = default, s01 = default, s02 = default, s03 = default;
        Vector512<float> s10 = default, s11 = default, s12 = default, s13 = default;
        Vector512<float> s20 = default, s21 = default, s22 = default, s23 = default;
        Vector512<float> s30 = default, s31 = default, s32 = default, s33 = default;
        int i = 0;
        for (; i <= length - Lanes.Count; i += Lanes.Count)
        {
            Vector512<float> a = Vector512.Load(w + i), b = Vector512.Load(w1 + i), c = Vector512.Load(w2 + i), d = Vector512.Load(w3 + i);
            Vector512<float> v = Vector512.Load(x + i);
            s00 = Vector512.FusedMultiplyAdd(v, a, s00);
            s01 = Vector512.FusedMultiplyAdd(v, b, s01);
            s02 = Vector512.FusedMultiplyAdd(v, c, s02);
            s03 = Vector512.FusedMultiplyAdd(v, d, s03);
            v = Vector512.Load(x1 + i);
            s10 = Vector512.FusedMultiplyAdd(v, a, s10);
            s11 = Vector512.FusedMultiplyAdd(v, b, s11);
            s12 = Vector512.FusedMultiplyAdd(v, c, s12);
            s13 = Vector512.FusedMultiplyAdd(v, d, s13);
            v = Vector512.Load(x2 + i);
            s20 = Vector512.FusedMultiplyAdd(v, a, s20);
            s21 = Vector512.FusedMultiplyAdd(v, b, s21);
            s22 = Vector512.FusedMultiplyAdd(v, c, s22);
            s23 = Vector512.FusedMultiplyAdd(v, d, s23);
            v = Vector512.Load(x3 + i);
            s30 = Vector512.FusedMultiplyAdd(v, a, s30);
            s31 = Vector512.FusedMultiplyAdd(v, b, s31);
            s32 = Vector512.FusedMultiplyAdd(v, c, s32);
            s33 = Vector512.FusedMultiplyAdd(v, d, s33);
        }

        y[0] = Finish(s00, x, w, i, length);
        y[1] = Finish(s01, x, w1, i, length);
        y[2] = Finish(s02, x, w2, i, length);
        y[3] = Finish(s03, x, w3, i, length);
        y += yStride;
        y[0] = Finish(s10, x1, w, i, length);
        y[1] = Finish(s11, x1, w1, i, length);
        y[2] = Finish(s12, x1, w2, i, length);
        y[3] = Finish(s13, x1, w3, i, length);
        y += yStride;
        y[0] = Finish(s20, x2, w, i, length);
        y[1] = Finish(s21, x2, w1, i, length);
        y[2] = Finish(s22, x2, w2, i, length);
        y[3] = Finish(s23, x2, w3, i, length);
        y += yStride;
        y[0] = Finish(s30, x3, w, i, length);
        y[1] = Finish(s31, x3, w1, i, length);
        y[2] = Finish(s32, x3, w2, i, length);
        y[3] = Finish(s33, x3, w3, i, length);
    }

    private static float Finish(Vector512<float> sum, float* x, float* w, int from, int length)
    {
        float total = Vector512.Sum(sum);
        for (; from < length; from++) total = MathF.FusedMultiplyAdd(x[from], w[from], total);
        return total;
    }
}
