using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fathom.Compute.Cpu.Integers;

/// <summary>One input row with eight FP8 rows, two groups of 32 a step.</summary>
internal static unsafe class Fp8IntegerRows
{
    /// <summary>y[i] = x · row (first + i) for eight rows.</summary>
    /// <param name="weight">FP8, columns a multiple of 128.</param>
    /// <param name="row">First row, a multiple of 8.</param>
    /// <param name="x">The input.</param>
    /// <param name="next">The bytes that will be read after these, fetched meanwhile; or the same ones.</param>
    /// <param name="y">Receives eight products.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Multiply(WeightMatrix weight, int row, IntegerRow x, byte* next, float* y)
    {
        Fp8Integers.Tables tables = Fp8Integers.Load();
        long stride = weight.RowBytes;
        byte* w0 = weight.Data + (row * stride), w4 = w0 + (4 * stride);
        Vector256<float> sum = default;
        for (int block = 0; block < weight.ScaleColumns; block++)
        {
            float scale = weight.ScaleAt(row, block) * Fp8Integers.Unit;
            for (int pair = 2 * block; pair < 2 * (block + 1); pair++, w0 += 64, w4 += 64, next += 512)
            {
                Prefetch.Lines(next, 512);
                Vector512<sbyte> v = Vector512.Load(x.X + (64 * pair)), signs = Vector512.GreaterThan(Vector512<sbyte>.Zero, v);
                Vector512<short> first = Avx512BW.UnpackLow(v, signs).AsInt16(), last = Avx512BW.UnpackHigh(v, signs).AsInt16();
                Vector512<float> values = Vector512.ConvertToSingle(EightRows.Join(FourRows(tables, w0, stride, first, last), FourRows(tables, w4, stride, first, last)));
                sum = Vector256.FusedMultiplyAdd(values.GetLower(), Vector256.Create(scale * x.S[2 * pair]), sum);
                sum = Vector256.FusedMultiplyAdd(values.GetUpper(), Vector256.Create(scale * x.S[(2 * pair) + 1]), sum);
            }
        }

        sum.Store(y);
    }

    // In each 128-bit quarter the sums of sixteen products of rows 0, 1, 2 and 3.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> FourRows(Fp8Integers.Tables tables, byte* w, long stride, Vector512<short> first, Vector512<short> last)
    {
        Vector512<long> ab = Interleave(Fours(tables, w, first, last), Fours(tables, w + stride, first, last)).AsInt64();
        Vector512<long> cd = Interleave(Fours(tables, w + (2 * stride), first, last), Fours(tables, w + (3 * stride), first, last)).AsInt64();
        return Avx512F.UnpackLow(ab, cd).AsInt32() + Avx512F.UnpackHigh(ab, cd).AsInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Interleave(Vector512<int> a, Vector512<int> b) => Avx512F.UnpackLow(a, b) + Avx512F.UnpackHigh(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Fours(Fp8Integers.Tables tables, byte* w, Vector512<short> first, Vector512<short> last)
    {
        (Vector512<short> a, Vector512<short> b) = tables.Decode(Vector512.Load(w));
        return Avx512BW.MultiplyAddAdjacent(a, first) + Avx512BW.MultiplyAddAdjacent(b, last);
    }
}
