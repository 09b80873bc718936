using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Fathom.Compute.Cpu.Kernels;

/// <summary>One input row with four rows of Q8_0 blocks: a binary16 scale and 32 signed bytes.</summary>
internal static unsafe class Q80Rows
{
    private const int Block = 34;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(WeightMatrix weight, int row, float* x, float* y)
    {
        long stride = weight.RowBytes;
        byte* w0 = weight.Data + (row * stride), w1 = w0 + stride, w2 = w1 + stride, w3 = w2 + stride;
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default;
        for (int i = 0; i < weight.Columns; i += 32)
        {
            Vector512<float> x0 = Vector512.Load(x + i), x1 = Vector512.Load(x + i + 16);
            s0 = Add(s0, w0, x0, x1);
            s1 = Add(s1, w1, x0, x1);
            s2 = Add(s2, w2, x0, x1);
            s3 = Add(s3, w3, x0, x1);
            w0 += Block;
            w1 += Block;
            w2 += Block;
            w3 += Block;
        }

        (y[0], y[1], y[2], y[3]) = (Vector512.Sum(s0), Vector512.Sum(s1), Vector512.Sum(s2), Vector512.Sum(s3));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Add(Vector512<float> sum, byte* block, Vector512<float> x0, Vector512<float> x1)
    {
        Vector512<float> scale = Scale(*(ushort*)block);
        sum = Vector512.FusedMultiplyAdd(x0, Vector512.ConvertToSingle(Lanes.Widen(Vector128.Load((sbyte*)block + 2))) * scale, sum);
        return Vector512.FusedMultiplyAdd(x1, Vector512.ConvertToSingle(Lanes.Widen(Vector128.Load((sbyte*)block + 18))) * scale, sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Scale(ushort half)
    {
        float magnitude = BitConverter.Int32BitsToSingle((half & 0x7FFF) << 13) * Binary16Numbers.Rebias;
        return Vector512.Create((half & 0x8000) != 0 ? -magnitude : magnitude);
    }
}
