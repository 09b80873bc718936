using System.Runtime.Intrinsics;
using Fathom.Compute.Numbers;

namespace Fathom.Compute.Cpu.Integers;

/// <summary>
/// What fast products are, on any processor: for each group of 32 columns the exact sum of integer products, as a float, times
/// weight scale times input scale, added up group by group in one fused chain. The kernels keep this order to the bit.
/// </summary>
internal static unsafe class IntegerWeights
{
    private static ReadOnlySpan<sbyte> Doubled => [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

    /// <summary>x · row.</summary>
    public static float Dot(WeightMatrix weight, int row, IntegerRow x)
    {
        short* integers = stackalloc short[IntegerRounding.Group];
        float sum = 0f;
        for (int group = 0; group < weight.Columns / IntegerRounding.Group; group++)
        {
            float scale = Decode(weight, row, group, integers) * x.S[group];
            sbyte* values = x.X + (group * IntegerRounding.Group);
            Vector512<int> products =
                (Lanes.Widen(Vector256.Load(integers)) * Lanes.Widen(Vector128.Load(values))) +
                (Lanes.Widen(Vector256.Load(integers + Lanes.Count)) * Lanes.Widen(Vector128.Load(values + Lanes.Count)));
            sum = MathF.FusedMultiplyAdd(Vector512.Sum(products), scale, sum);
        }

        return sum;
    }

    /// <summary>The integers of a group of 32 weights, and their scale.</summary>
    public static float Decode(WeightMatrix weight, int row, int group, short* integers)
    {
        byte* source = weight.Data + (row * weight.RowBytes);
        switch (weight.Format)
        {
            case WeightFormat.Q80:
                source += group * 34L;
                for (int i = 0; i < IntegerRounding.Group; i++) integers[i] = (sbyte)source[2 + i];
                return (float)*(Half*)source;
            case WeightFormat.Mxfp4:
                source += group * 17L;
                for (int i = 0; i < IntegerRounding.Group; i++) integers[i] = Doubled[(source[1 + (i % 16)] >> (4 * (i / 16))) & 15];
                return ScaleOf(source[0]);
            case WeightFormat.Fp4:
                source += group * 16L;
                for (int i = 0; i < IntegerRounding.Group; i++) integers[i] = Doubled[(source[i / 2] >> (4 * (i & 1))) & 15];
                return ScaleOf(weight.Scales[((long)row * weight.ScaleColumns) + group]);
            default:
                source += group * 32L;
                for (int i = 0; i < IntegerRounding.Group; i++) integers[i] = Fp8Integers.At(source[i]);
                return weight.ScaleAt(row, group / 4) * Fp8Integers.Unit;
        }
    }

    /// <summary>The scale of doubled FP4 values: half the stored one; the least code counts as 0.</summary>
    public static float ScaleOf(byte code) => BitConverter.Int32BitsToSingle(code << 23) * 0.5f;
}
