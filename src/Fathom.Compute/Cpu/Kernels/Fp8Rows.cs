using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Fathom.Compute.Numbers;

namespace Fathom.Compute.Cpu.Kernels;

/// <summary>One input row with four FP8 rows: two table lookups of 128 entries give the two bytes of a bfloat16.</summary>
internal static unsafe class Fp8Rows
{
    private static readonly (Vector512<byte> Low0, Vector512<byte> Low1, Vector512<byte> High0, Vector512<byte> High1) Tables = MakeTables();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(WeightMatrix weight, int row, float* x, float* y)
    {
        (Vector512<byte> low0, Vector512<byte> low1, Vector512<byte> high0, Vector512<byte> high1) = Tables;
        Vector512<byte> order = BFloat16Halves.Order;
        long stride = weight.RowBytes;
        byte* w0 = weight.Data + (row * stride), w1 = w0 + stride, w2 = w1 + stride, w3 = w2 + stride;
        bool isOneBlock = row / WeightMatrix.Fp8Block == (row + 3) / WeightMatrix.Fp8Block;
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default;
        for (int block = 0; block < weight.ScaleColumns; block++)
        {
            Vector512<float> c0 = Vector512.Create(weight.ScaleAt(row, block)), c1 = c0, c2 = c0, c3 = c0;
            if (!isOneBlock) (c1, c2, c3) = (Vector512.Create(weight.ScaleAt(row + 1, block)), Vector512.Create(weight.ScaleAt(row + 2, block)), Vector512.Create(weight.ScaleAt(row + 3, block)));
            for (int i = block * WeightMatrix.Fp8Block; i < (block + 1) * WeightMatrix.Fp8Block; i += 64)
            {
                Vector512<float> x0 = Vector512.Load(x + i), x1 = Vector512.Load(x + i + 16), x2 = Vector512.Load(x + i + 32), x3 = Vector512.Load(x + i + 48);
                s0 = Add(s0, w0 + i, c0, x0, x1, x2, x3, order, low0, low1, high0, high1);
                s1 = Add(s1, w1 + i, c1, x0, x1, x2, x3, order, low0, low1, high0, high1);
                s2 = Add(s2, w2 + i, c2, x0, x1, x2, x3, order, low0, low1, high0, high1);
                s3 = Add(s3, w3 + i, c3, x0, x1, x2, x3, order, low0, low1, high0, high1);
            }
        }

        (y[0], y[1], y[2], y[3]) = (Vector512.Sum(s0), Vector512.Sum(s1), Vector512.Sum(s2), Vector512.Sum(s3));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Add(
        Vector512<float> sum, byte* w, Vector512<float> scale, Vector512<float> x0, Vector512<float> x1, Vector512<float> x2, Vector512<float> x3,
        Vector512<byte> order, Vector512<byte> low0, Vector512<byte> low1, Vector512<byte> high0, Vector512<byte> high1)
    {
        // The lookup takes seven bits of a code; the eighth is the sign.
        Vector512<byte> codes = Avx512Vbmi.PermuteVar64x8(Vector512.Load(w), order);
        Vector512<byte> low = Avx512Vbmi.PermuteVar64x8x2(low0, codes, low1);
        Vector512<byte> high = Avx512Vbmi.PermuteVar64x8x2(high0, codes, high1) | (codes & Vector512.Create((byte)0x80));
        (Vector512<float> v0, Vector512<float> v1, Vector512<float> v2, Vector512<float> v3) = BFloat16Halves.Join(low, high);
        sum = Vector512.FusedMultiplyAdd(x0, v0 * scale, sum);
        sum = Vector512.FusedMultiplyAdd(x1, v1 * scale, sum);
        sum = Vector512.FusedMultiplyAdd(x2, v2 * scale, sum);
        return Vector512.FusedMultiplyAdd(x3, v3 * scale, sum);
    }

    private static (Vector512<byte> Low0, Vector512<byte> Low1, Vector512<byte> High0, Vector512<byte> High1) MakeTables()
    {
        var low = new byte[128];
        var high = new byte[128];
        for (int code = 0; code < 128; code++)
        {
            ushort half = BFloat16.Encode(E4M3.Decode((byte)code));
            (low[code], high[code]) = ((byte)half, (byte)(half >> 8));
        }

        return (Vector512.Create(low, 0), Vector512.Create(low, 64), Vector512.Create(high, 0), Vector512.Create(high, 64));
    }
}
