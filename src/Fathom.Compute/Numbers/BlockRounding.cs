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
            float scale = Fp8Scale(group);
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
            float scale = Fp4Scale(group);
            for (int i = 0; i < group.Length; i++) group[i] = E2M1.Decode(Fp4Code(group[i], scale)) * scale;
        }
    }

    /// <summary>The scale of a group in E4M3: the smallest power of two under which its largest magnitude, or 1e-4, fits.</summary>
    public static float Fp8Scale(ReadOnlySpan<float> group) => PowerOfTwoCeiling(MathF.Max(MaxMagnitude(group), SmallestFp8Maximum) * InverseFp8Max);

    /// <summary>The scale of a group in E2M1: the smallest power of two, from 2^-126 on, under which its largest magnitude fits.</summary>
    public static float Fp4Scale(ReadOnlySpan<float> group) => PowerOfTwoCeiling(MathF.Max(MaxMagnitude(group), SmallestFp4Maximum) * InverseFp4Max);

    /// <summary>The E2M1 code of a value under a group's scale.</summary>
    public static int Fp4Code(float value, float scale) => E2M1.Encode(Math.Clamp(value / scale, -E2M1.MaxValue, E2M1.MaxValue));

    /// <summary>The UE8M0 code of a group's scale; that of NaN when the group held something that is no finite number.</summary>
    public static byte ScaleCode(float scale) => scale > 0f && float.IsFinite(scale) ? E8M0.Encode(scale) : E8M0.NaN;

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
