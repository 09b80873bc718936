using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fathom.Compute.Cpu.Integers;

/// <summary>One input row with eight rows of Q8_0 blocks, a block a step. Weights become unsigned by an offset of 128.</summary>
internal static unsafe class Q80IntegerRows
{
    private const int Block = 34;

    /// <summary>y[i] = x · row (first + i) for eight rows.</summary>
    /// <param name="weight">Q8_0.</param>
    /// <param name="row">First row.</param>
    /// <param name="x">The input.</param>
    /// <param name="scales">Scratch, two bytes for each of eight rows and group.</param>
    /// <param name="next">The bytes that will be read after these, fetched meanwhile; or the same ones.</param>
    /// <param name="y">Receives eight products.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Multiply(WeightMatrix weight, int row, IntegerRow x, byte* scales, byte* next, float* y)
    {
        long stride = weight.RowBytes;
        ScaleGather.Q80(weight.Data + (row * stride), stride, weight.Columns / 32, (ushort*)scales);
        byte* w0 = weight.Data + (row * stride) + 2, w4 = w0 + (4 * stride);
        Vector256<float> sum = default;
        for (int group = 0; group < weight.Columns / 32; group++, w0 += Block, w4 += Block, next += 8 * Block)
        {
            Prefetch.Lines(next, 8 * Block);
            Vector256<sbyte> v = Vector256.Load(x.X + (32 * group));
            Vector256<int> a = FourRows(w0, stride, v), b = FourRows(w4, stride, v);
            Vector256<int> dots = Avx2.Permute2x128(a, b, 0x20) + Avx2.Permute2x128(a, b, 0x31) + Vector256.Create(x.Offset(group) << Q80Bytes.OffsetShift);
            Vector256<float> scale = HalfScales.ToSingle(Vector128.Load((ushort*)scales + (8 * group))) * x.S[group];
            sum = Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(dots), scale, sum);
        }

        sum.Store(y);
    }

    // In each half the sums of sixteen products of rows 0, 1, 2 and 3.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> FourRows(byte* w, long stride, Vector256<sbyte> v) => Avx2.HorizontalAdd(
        Avx2.HorizontalAdd(Fours(w, v), Fours(w + stride, v)),
        Avx2.HorizontalAdd(Fours(w + (2 * stride), v), Fours(w + (3 * stride), v)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Fours(byte* w, Vector256<sbyte> v) =>
        AvxVnni.MultiplyWideningAndAdd(default, Vector256.Load(w) ^ Vector256.Create((byte)0x80), v);
}
