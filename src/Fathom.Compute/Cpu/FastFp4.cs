using System.Runtime.Intrinsics;
using Fathom.Compute.Numbers;

namespace Fathom.Compute.Cpu;

/// <summary>The Hadamard transform and the rounding to FP4 sixteen values at a time, with the bits of <see cref="Hadamard"/> and <see cref="BlockRounding"/>.</summary>
internal static unsafe class FastFp4
{
    /// <summary>Transforms one vector in place.</summary>
    public static void Transform(float* values, int length)
    {
        if (length < Lanes.Count)
        {
            Hadamard.Transform(new Span<float>(values, length));
            return;
        }

        Vector512<int> lane = Vector512<int>.Indices, zero = Vector512<int>.Zero;
        Vector512<float> scale = Vector512.Create(1f / MathF.Sqrt(length));
        for (int i = 0; i < length; i += Lanes.Count)
        {
            // Partners one to eight places away sit in the same vector: a + b in the lower place, a − b in the upper one.
            Vector512<float> x = Vector512.Load(values + i);
            x = Step(x, Vector512.Shuffle(x, Vector512.Create(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14)), Vector512.Equals(lane & Vector512.Create(1), zero));
            x = Step(x, Vector512.Shuffle(x, Vector512.Create(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)), Vector512.Equals(lane & Vector512.Create(2), zero));
            x = Step(x, Vector512.Shuffle(x, Vector512.Create(4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11)), Vector512.Equals(lane & Vector512.Create(4), zero));
            x = Step(x, Vector512.Shuffle(x, Vector512.Create(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7)), Vector512.Equals(lane & Vector512.Create(8), zero));
            x.Store(values + i);
        }

        for (int half = Lanes.Count; half < length; half <<= 1)
        {
            for (int start = 0; start < length; start += half << 1)
            {
                for (int i = start; i < start + half; i += Lanes.Count)
                {
                    Vector512<float> a = Vector512.Load(values + i), b = Vector512.Load(values + i + half);
                    (a + b).Store(values + i);
                    (a - b).Store(values + i + half);
                }
            }
        }

        for (int i = 0; i < length; i += Lanes.Count) (Vector512.Load(values + i) * scale).Store(values + i);
    }

    /// <summary>Rounds each group to E2M1 under its own scale, in place; a group that does not fill whole vectors takes the plain path.</summary>
    public static void Round(float* values, int length, int groupSize)
    {
        for (int start = 0; start < length; start += groupSize)
        {
            int count = Math.Min(groupSize, length - start);
            if (count % Lanes.Count != 0)
            {
                BlockRounding.RoundToFp4(new Span<float>(values + start, count), groupSize);
                continue;
            }

            float scale = Scale(values + start, count);
            for (int i = start; i < start + count; i += Lanes.Count) (UnderScale(values + i, scale) * Vector512.Create(scale)).Store(values + i);
        }
    }

    /// <summary>Rounds one group to integers, twice their E2M1 values.</summary>
    /// <param name="values">The group.</param>
    /// <param name="count">At most 32.</param>
    /// <param name="doubled">Receives integers of −12 to 12.</param>
    /// <returns>The group's scale.</returns>
    public static float RoundDoubled(float* values, int count, int* doubled)
    {
        if (count % Lanes.Count != 0)
        {
            float plain = BlockRounding.Fp4Scale(new ReadOnlySpan<float>(values, count));
            for (int i = 0; i < count; i++) doubled[i] = (int)(2f * E2M1.Decode(BlockRounding.Fp4Code(values[i], plain)));
            return plain;
        }

        float scale = Scale(values, count);
        for (int i = 0; i < count; i += Lanes.Count)
        {
            Vector512<float> rounded = UnderScale(values + i, scale);
            Vector512.ConvertToInt32(rounded + rounded).Store(doubled + i);
        }

        return scale;
    }

    private static Vector512<float> Step(Vector512<float> x, Vector512<float> partner, Vector512<int> isLower) =>
        Vector512.ConditionalSelect(isLower.AsSingle(), x + partner, partner - x);

    private static float Scale(float* group, int count)
    {
        Vector512<float> max = default;
        for (int i = 0; i < count; i += Lanes.Count) max = Vector512.Max(max, Vector512.Abs(Vector512.Load(group + i)));
        float* lanes = stackalloc float[Lanes.Count];
        max.Store(lanes);
        return BlockRounding.Fp4Scale(new ReadOnlySpan<float>(lanes, Lanes.Count));
    }

    // As in FastRounding: adding a number whose last bit is the wanted spacing (0.5 below 2, then 1 and 2) rounds to nearest, ties to even.
    private static Vector512<float> UnderScale(float* values, float scale)
    {
        Vector512<float> limit = Vector512.Create(E2M1.MaxValue), x = Vector512.Load(values) / Vector512.Create(scale);
        x = Vector512.Max(Vector512.Min(x, limit), -limit);
        Vector512<int> exponent = Vector512.Max(x.AsInt32() & Vector512.Create(0x7F800000), Vector512.Create(127 << 23));
        Vector512<float> magic = (exponent + Vector512.Create(22 << 23)).AsSingle() * Vector512.Create(1.5f);
        Vector512<float> rounded = (x + magic) - magic;
        return (rounded.AsInt32() | (x.AsInt32() & Vector512.Create(int.MinValue))).AsSingle();
    }
}
