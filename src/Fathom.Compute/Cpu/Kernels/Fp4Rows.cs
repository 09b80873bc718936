using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fathom.Compute.Cpu.Kernels;

/// <summary>One input row with four rows of official FP4: two columns a byte, the even one low.</summary>
internal static unsafe class Fp4Rows
{
    // The bytes of columns 4·L to 4·L + 3 and of those sixteen further on, in each half; then which four bits of them.
    private static readonly Vector512<byte> Gather = NibbleTables.Bytes((l, h, i) => (2 * l) + (16 * h) + (i % 2) + (8 * (i / 2 % 2)));
    private static readonly Vector512<byte> Bits = NibbleTables.Bytes((_, _, i) => (16 * (i % 2)) + (4 * (i / 2)));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(WeightMatrix weight, int row, float* x, float* y)
    {
        Vector512<byte> gather = Gather, bits = Bits, low = NibbleTables.Low, high = NibbleTables.High;
        long stride = weight.RowBytes;
        int scaleStride = weight.ScaleColumns;
        byte* w0 = weight.Data + (row * stride), w1 = w0 + stride, w2 = w1 + stride, w3 = w2 + stride;
        byte* c0 = weight.Scales + ((long)row * scaleStride), c1 = c0 + scaleStride, c2 = c1 + scaleStride, c3 = c2 + scaleStride;
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default;
        for (int i = 0; i < weight.Columns; i += 64)
        {
            Vector512<float> x0 = Vector512.Load(x + i), x1 = Vector512.Load(x + i + 16), x2 = Vector512.Load(x + i + 32), x3 = Vector512.Load(x + i + 48);
            int b = i / 2, g = i / 32;
            s0 = NibbleTables.Add(s0, Codes(w0 + b, gather, bits), NibbleTables.Scale(c0[g]), NibbleTables.Scale(c0[g + 1]), x0, x1, x2, x3, low, high);
            s1 = NibbleTables.Add(s1, Codes(w1 + b, gather, bits), NibbleTables.Scale(c1[g]), NibbleTables.Scale(c1[g + 1]), x0, x1, x2, x3, low, high);
            s2 = NibbleTables.Add(s2, Codes(w2 + b, gather, bits), NibbleTables.Scale(c2[g]), NibbleTables.Scale(c2[g + 1]), x0, x1, x2, x3, low, high);
            s3 = NibbleTables.Add(s3, Codes(w3 + b, gather, bits), NibbleTables.Scale(c3[g]), NibbleTables.Scale(c3[g + 1]), x0, x1, x2, x3, low, high);
        }

        (y[0], y[1], y[2], y[3]) = (Vector512.Sum(s0), Vector512.Sum(s1), Vector512.Sum(s2), Vector512.Sum(s3));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Codes(byte* w, Vector512<byte> gather, Vector512<byte> bits)
    {
        Vector512<byte> gathered = Avx512Vbmi.PermuteVar64x8(Vector256.Load(w).ToVector512Unsafe(), gather);
        return Avx512Vbmi.MultiShift(bits, gathered.AsUInt64()) & Vector512.Create((byte)15);
    }
}
