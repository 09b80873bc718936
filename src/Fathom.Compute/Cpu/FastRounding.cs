using System.Runtime.Intrinsics;
using Fathom.Compute.Numbers;

namespace Fathom.Compute.Cpu;

/// <summary>The roundings of <see cref="BlockRounding"/> sixteen values at a time, with the same bits.</summary>
internal static unsafe class FastRounding
{
    /// <summary>Rounds each group to E4M3 under its own power-of-two scale, in place; a remainder of fewer than 16 values takes the plain path.</summary>
    public static void RoundToFp8(float* values, int length, int groupSize)
    {
        for (int start = 0; start < length; start += groupSize)
        {
            int count = Math.Min(groupSize, length - start);
            if (count % Lanes.Count != 0)
            {
                BlockRounding.RoundToFp8(new Span<float>(values + start, count), groupSize);
                continue;
            }

            RoundGroup(values + start, count);
        }
    }

    private static void RoundGroup(float* group, int count)
    {
        Vector512<float> max = Vector512.Create(1e-4f);
        for (int i = 0; i < count; i += Lanes.Count) max = Vector512.Max(max, Vector512.Abs(Vector512.Load(group + i)));
        float largest = 0f;
        for (int lane = 0; lane < Lanes.Count; lane++) largest = MathF.Max(largest, max[lane]);
        float scale = BlockRounding.PowerOfTwoCeiling(largest * (1f / 448f));

        // A division by a power of two is exact, and so is the product with its inverse.
        Vector512<float> inverse = Vector512.Create(1f / scale), scales = Vector512.Create(scale);
        Vector512<float> limit = Vector512.Create(448f);
        for (int i = 0; i < count; i += Lanes.Count)
        {
            Vector512<float> x = Vector512.Load(group + i) * inverse;
            x = Vector512.Max(Vector512.Min(x, limit), -limit);
            (Round(x) * scales).Store(group + i);
        }
    }

    // Rounding to three mantissa bits by adding and subtracting a number whose last bit is the wanted spacing:
    // spacing = 2^(exponent − 3), never below 2^-9 (the subnormal spacing). The sum rounds to nearest, ties to even.
    private static Vector512<float> Round(Vector512<float> x)
    {
        Vector512<int> exponent = Vector512.Max(
            x.AsInt32() & Vector512.Create(0x7F800000),
            Vector512.Create((127 - 6) << 23));
        Vector512<float> magic = (exponent + Vector512.Create((23 - 3) << 23)).AsSingle() * Vector512.Create(1.5f);
        Vector512<float> rounded = (x + magic) - magic;

        // The subtraction loses the sign of a zero.
        Vector512<int> sign = x.AsInt32() & Vector512.Create(int.MinValue);
        return (rounded.AsInt32() | sign).AsSingle();
    }
}
