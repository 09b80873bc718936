namespace Fathom.Compute.Numbers;

/// <summary>
/// The activation roundings of the official reference: quantise a group to FP8 or FP4 under a power-of-two scale
/// and read it back (architecture specification, sections 9.2, 9.4 and 9.5). These are the plain formulas.
/// </summary>
public static class BlockRounding
{
    private const float InverseFp8Max = 1f / 448f;
    private const float InverseFp4Max = 1f / 6f;
    private const float SmallestFp8Maximum = 1e-4f;

    // 6·2^-126, so that the smallest scale is the smallest normal number.
    private const float SmallestFp4Maximum = 6f * 1.17549435e-38f;

    /// <summary>Rounds each group of <paramref name="groupSize"/> neighbours to E4M3 under its own scale, in place. A shorter last group counts as a group.</summary>
    /// <param name="values">One row, or its part that is to be rounded.</param>
    /// <param name="groupSize">128 for inputs of linears, 64 for key/value rows.</param>
    public static void RoundToFp8(Span<float> values, int groupSize)
    {
        for (int start = 0; start < values.Length; start += groupSize)
        {
            Span<float> group = values.Slice(start, Math.Min(groupSize, values.Length - start));
            float scale = PowerOfTwoCeiling(MathF.Max(MaxMagnitude(group), SmallestFp8Maximum) * InverseFp8Max);
            for (int i = 0; i < group.Length; i++)
                group[i] = E4M3.Decode(E4M3.Encode(Math.Clamp(group[i] / scale, -448f, 448f))) * scale;
        }
    }

    /// <summary>Rounds each group of <paramref name="groupSize"/> neighbours to E2M1 under its own scale, in place. A shorter last group counts as a group.</summary>
    /// <param name="values">One row of the indexer's queries or keys.</param>
    /// <param name="groupSize">32.</param>
    public static void RoundToFp4(Span<float> values, int groupSize)
    {
        for (int start = 0; start < values.Length; start += groupSize)
        {
            Span<float> group = values.Slice(start, Math.Min(groupSize, values.Length - start));
            float scale = PowerOfTwoCeiling(MathF.Max(MaxMagnitude(group), SmallestFp4Maximum) * InverseFp4Max);
            for (int i = 0; i < group.Length; i++)
                group[i] = E2M1.Decode(E2M1.Encode(Math.Clamp(group[i] / scale, -6f, 6f))) * scale;
        }
    }

    /// <summary>
    /// The smallest power of two that is not below a positive normal number: its exponent field, plus one when
    /// any mantissa bit is set (section 9.2 asks for the bits, not for a logarithm).
    /// </summary>
    public static float PowerOfTwoCeiling(float positive)
    {
        int bits = BitConverter.SingleToInt32Bits(positive);
        int exponent = (bits >> 23) + ((bits & 0x7FFFFF) != 0 ? 1 : 0);
        return BitConverter.Int32BitsToSingle(exponent << 23);
    }

    private static float MaxMagnitude(ReadOnlySpan<float> group)
    {
        float max = 0f;
        foreach (float value in group) max = MathF.Max(max, MathF.Abs(value));
        return max;
    }
}
