using System.Runtime.Intrinsics;
using Fathom.Compute.Numbers;

namespace Fathom.Compute.Cpu.Integers;

/// <summary>
/// What fast products are, on any processor: for each group of 32 columns the exact sum of integer products, as a float, times
/// weight scale times input scale, added up group by group in one fused chain. Scales inside a group (Q6_K, Q2_K) belong to the integers;
/// minima (Q4_K, Q2_K) are multiplied with the sums of sixteen inputs. The kernels keep this order to the bit.
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
            GroupScales scales = Decode(weight, row, group, integers);
            sbyte* values = x.X + (group * IntegerRounding.Group);
            Vector512<int> products =
                (Lanes.Widen(Vector256.Load(integers)) * Lanes.Widen(Vector128.Load(values))) +
                (Lanes.Widen(Vector256.Load(integers + Lanes.Count)) * Lanes.Widen(Vector128.Load(values + Lanes.Count)));
            sum = MathF.FusedMultiplyAdd(Vector512.Sum(products), scales.Scale * x.S[group], sum);
            if (!scales.HasMinima) continue;
            sum = MathF.FusedMultiplyAdd(scales.FirstMinimum, x.FirstSum(group) * x.S[group], sum);
            sum = MathF.FusedMultiplyAdd(scales.LastMinimum, x.LastSum(group) * x.S[group], sum);
        }

        return sum;
    }

    /// <summary>The integers of a group of 32 weights, and what goes with them.</summary>
    public static GroupScales Decode(WeightMatrix weight, int row, int group, short* integers)
    {
        byte* source = weight.Data + (row * weight.RowBytes);
        switch (weight.Format)
        {
            case WeightFormat.Q80:
                source += group * 34L;
                for (int i = 0; i < IntegerRounding.Group; i++) integers[i] = (sbyte)source[2 + i];
                return new((float)*(Half*)source);
            case WeightFormat.Mxfp4:
                source += group * 17L;
                for (int i = 0; i < IntegerRounding.Group; i++) integers[i] = Doubled[(source[1 + (i % 16)] >> (4 * (i / 16))) & 15];
                return new(ScaleOf(source[0]));
            case WeightFormat.Fp4:
                source += group * 16L;
                for (int i = 0; i < IntegerRounding.Group; i++) integers[i] = Doubled[(source[i / 2] >> (4 * (i & 1))) & 15];
                return new(ScaleOf(weight.Scales[((long)row * weight.ScaleColumns) + group]));
            case WeightFormat.Q4K or WeightFormat.Q6K or WeightFormat.Q2K or WeightFormat.Iq2Xxs:
                return KIntegers.Decode(weight.Format, source + (group / 8 * (long)GgufBlocks.BytesOf(weight.Format)), group % 8, integers);
            default:
                source += group * 32L;
                for (int i = 0; i < IntegerRounding.Group; i++) integers[i] = Fp8Integers.At(source[i]);
                return new(weight.ScaleAt(row, group / 4) * Fp8Integers.Unit);
        }
    }

    /// <summary>The scale of doubled FP4 values: half the stored one; the least code counts as 0.</summary>
    public static float ScaleOf(byte code) => BitConverter.Int32BitsToSingle(code << 23) * 0.5f;
}

/// <summary>What goes with the integers of a group.</summary>
/// <param name="Scale">Their scale.</param>
/// <param name="HasMinima">Whether there are minima.</param>
/// <param name="FirstMinimum">What is added to each of the first sixteen weights.</param>
/// <param name="LastMinimum">What is added to each of the last sixteen weights.</param>
internal readonly record struct GroupScales(float Scale, bool HasMinima = false, float FirstMinimum = 0f, float LastMinimum = 0f);
