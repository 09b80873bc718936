using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fathom.Compute.Cpu.Kernels;

/// <summary>One input row with four rows of MXFP4 blocks: a scale and sixteen bytes whose low nibbles come first. Two blocks a step, straight from their 34 bytes.</summary>
internal static unsafe class Mxfp4Rows
{
    private const int Block = 17;
    private const int Pair = 2 * Block;

    // A load of 64 bytes must not pass the end of the file: after the first pair of a row it ends where the pair ends.
    private const int Before = 64 - Pair;

    private static readonly Vector512<byte> GatherFirst = NibbleTables.Bytes((l, h, i) => (Block * h) + 1 + (4 * l) + (i % 4));
    private static readonly Vector512<byte> GatherLater = NibbleTables.Bytes((l, h, i) => Before + (Block * h) + 1 + (4 * l) + (i % 4));
    private static readonly Vector512<byte> Bits = NibbleTables.Bytes((_, _, i) => 4 * i);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(WeightMatrix weight, int row, float* x, float* y)
    {
        Vector512<byte> gather = GatherFirst, bits = Bits, low = NibbleTables.Low, high = NibbleTables.High;
        long stride = weight.RowBytes;
        byte* w0 = weight.Data + (row * stride), w1 = w0 + stride, w2 = w1 + stride, w3 = w2 + stride;
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default;
        int before = 0;
        for (int i = 0; i < weight.Columns; i += 64)
        {
            Vector512<float> x0 = Vector512.Load(x + i), x1 = Vector512.Load(x + i + 16), x2 = Vector512.Load(x + i + 32), x3 = Vector512.Load(x + i + 48);
            s0 = NibbleTables.Add(s0, Codes(w0 - before, gather, bits), NibbleTables.Scale(w0[0]), NibbleTables.Scale(w0[Block]), x0, x1, x2, x3, low, high);
            s1 = NibbleTables.Add(s1, Codes(w1 - before, gather, bits), NibbleTables.Scale(w1[0]), NibbleTables.Scale(w1[Block]), x0, x1, x2, x3, low, high);
            s2 = NibbleTables.Add(s2, Codes(w2 - before, gather, bits), NibbleTables.Scale(w2[0]), NibbleTables.Scale(w2[Block]), x0, x1, x2, x3, low, high);
            s3 = NibbleTables.Add(s3, Codes(w3 - before, gather, bits), NibbleTables.Scale(w3[0]), NibbleTables.Scale(w3[Block]), x0, x1, x2, x3, low, high);
            w0 += Pair;
            w1 += Pair;
            w2 += Pair;
            w3 += Pair;
            (gather, before) = (GatherLater, Before);
        }

        (y[0], y[1], y[2], y[3]) = (Vector512.Sum(s0), Vector512.Sum(s1), Vector512.Sum(s2), Vector512.Sum(s3));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Codes(byte* w, Vector512<byte> gather, Vector512<byte> bits)
    {
        Vector512<byte> gathered = Avx512Vbmi.PermuteVar64x8(Vector512.Load(w), gather);
        return Avx512Vbmi.MultiShift(bits, gathered.AsUInt64()) & Vector512.Create((byte)15);
    }
}
