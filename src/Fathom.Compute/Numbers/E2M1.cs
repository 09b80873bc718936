namespace Fathom.Compute.Numbers;

/// <summary>
/// FP4 E2M1: one sign bit, two exponent bits (bias 1), one mantissa bit. Sixteen codes, no NaN, no infinity
/// (architecture specification, section 9.6).
/// </summary>
public static class E2M1
{
    /// <summary>The largest magnitude that the format holds.</summary>
    public const float MaxValue = 6f;

    private static ReadOnlySpan<float> Magnitudes => [0f, 0.5f, 1f, 1.5f, 2f, 3f, 4f, 6f];

    /// <summary>The value of a code; only the low four bits are read.</summary>
    /// <param name="code">0..15; bit 3 is the sign.</param>
    public static float Decode(int code)
    {
        float magnitude = Magnitudes[code & 7];
        return (code & 8) != 0 ? -magnitude : magnitude;
    }

    /// <summary>
    /// The nearest code, ties to the even code; magnitudes above 6 saturate. NaN becomes code 0, because the
    /// format has no NaN. The sign of zero is kept.
    /// </summary>
    public static int Encode(float value)
    {
        int sign = (BitConverter.SingleToInt32Bits(value) >>> 28) & 8;
        float m = MathF.Abs(value);

        // Between two neighbours the midpoint goes to the even code: 0.25→0, 0.75→1.0, 1.25→1.0, 1.75→2, 2.5→2, 3.5→4, 5→4.
        int code = m switch
        {
            <= 0.25f => 0,
            < 0.75f => 1,
            <= 1.25f => 2,
            < 1.75f => 3,
            <= 2.5f => 4,
            < 3.5f => 5,
            <= 5f => 6,
            > 5f => 7,
            _ => 0,
        };
        return float.IsNaN(value) ? 0 : sign | code;
    }
}
