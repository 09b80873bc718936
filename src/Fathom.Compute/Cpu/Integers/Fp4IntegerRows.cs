using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fathom.Compute.Cpu.Integers;

/// <summary>
/// One input row with eight FP4 rows, two groups of 32 a step. Codes become twice their value plus 16, which is an unsigned byte;
/// the products of a group then fit 16 bits long enough for eight rows to be added up side by side.
/// </summary>
internal static unsafe class Fp4IntegerRows
{
    /// <summary>y[i] = x · row (first + i) for eight rows.</summary>
    /// <param name="weight">MXFP4 or FP4, columns a multiple of 64.</param>
    /// <param name="row">First row.</param>
    /// <param name="x">The input.</param>
    /// <param name="scales">Scratch, a byte for each of eight rows and group.</param>
    /// <param name="next">The bytes that will be read after these, fetched meanwhile; or the same ones.</param>
    /// <param name="y">Receives eight products.</param>
    public static void Multiply(WeightMatrix weight, int row, IntegerRow x, byte* scales, byte* next, float* y)
    {
        GatherScales(weight, row, scales);
        if (weight.Format == WeightFormat.Mxfp4) Multiply<Mxfp4Bytes>(weight, row, x, scales, next, y);
        else Multiply<Fp4Bytes>(weight, row, x, scales, next, y);
    }

    /// <summary>The scale codes of eight rows, [groups][8].</summary>
    public static void GatherScales(WeightMatrix weight, int row, byte* scales)
    {
        int groups = weight.Columns / 32;
        if (weight.Format == WeightFormat.Mxfp4) ScaleGather.Mxfp4(weight.Data + (row * weight.RowBytes), weight.RowBytes, groups, scales);
        else ScaleGather.Fp4(weight.Scales + ((long)row * weight.ScaleColumns), weight.ScaleColumns, groups, scales);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Multiply<TBytes>(WeightMatrix weight, int row, IntegerRow x, byte* scales, byte* next, float* y)
        where TBytes : struct, IUnsignedBytes
    {
        Vector512<float> half = Vector512.Create(0.5f);
        long stride = weight.RowBytes;
        byte* w0 = weight.Data + (row * stride), w4 = w0 + (4 * stride);
        Vector256<float> sum = default;
        int pairs = weight.Columns / 64;
        long bytesAStep = 8 * stride / pairs;
        for (int pair = 0; pair < pairs; pair++, next += bytesAStep)
        {
            Prefetch.Lines(next, bytesAStep);
            Vector512<sbyte> v = Vector512.Load(x.X + (64 * pair));
            Vector512<int> dots = EightRows.Join(FourRows<TBytes>(w0, stride, v, pair), FourRows<TBytes>(w4, stride, v, pair))
                + Halves.Join(Vector256.Create(x.Offset(2 * pair)), Vector256.Create(x.Offset((2 * pair) + 1)));
            Vector512<float> scale = (Avx512F.ConvertToVector512Int32(Vector128.Load(scales + (16 * pair))) << 23).AsSingle() * half
                * Halves.Join(Vector256.Create(x.S[2 * pair]), Vector256.Create(x.S[(2 * pair) + 1]));
            Vector512<float> values = Vector512.ConvertToSingle(dots);
            sum = Vector256.FusedMultiplyAdd(values.GetLower(), scale.GetLower(), sum);
            sum = Vector256.FusedMultiplyAdd(values.GetUpper(), scale.GetUpper(), sum);
        }

        sum.Store(y);
    }

    // In each 128-bit quarter the sums of sixteen products of rows 0, 1, 2 and 3; a group is two quarters.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> FourRows<TBytes>(byte* w, long stride, Vector512<sbyte> v, int pair)
        where TBytes : struct, IUnsignedBytes
    {
        Vector512<short> ones = Vector512.Create((short)1);
        Vector512<short> ab = Avx512BW.PackSignedSaturate(Fours<TBytes>(w, v, pair), Fours<TBytes>(w + stride, v, pair));
        Vector512<short> cd = Avx512BW.PackSignedSaturate(Fours<TBytes>(w + (2 * stride), v, pair), Fours<TBytes>(w + (3 * stride), v, pair));
        return Avx512BW.MultiplyAddAdjacent(Avx512BW.PackSignedSaturate(Avx512BW.MultiplyAddAdjacent(ab, ones), Avx512BW.MultiplyAddAdjacent(cd, ones)), ones);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Fours<TBytes>(byte* w, Vector512<sbyte> v, int pair)
        where TBytes : struct, IUnsignedBytes =>
        Avx512BW.MultiplyAddAdjacent(Avx512BW.MultiplyAddAdjacent(TBytes.Load(w, pair), v), Vector512.Create((short)1));
}
