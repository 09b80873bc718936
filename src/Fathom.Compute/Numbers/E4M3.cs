namespace Fathom.Compute.Numbers;

/// <summary>
/// FP8 E4M3, the "FN" variant: sign, four exponent bits (bias 7), three mantissa bits; no infinities, 0x7F and
/// 0xFF are NaN, the largest magnitude is 448 (architecture specification, section 9.6).
/// </summary>
public static class E4M3
{
    /// <summary>The largest finite magnitude.</summary>
    public const float MaxValue = 448f;

    private static readonly float[] Values = BuildValues();

    /// <summary>All 256 values, indexed by code.</summary>
    public static ReadOnlySpan<float> Table => Values;

    /// <summary>The value of a code; NaN for 0x7F and 0xFF.</summary>
    public static float Decode(byte code) => Values[code];

    /// <summary>
    /// The nearest code, ties to the even mantissa. Magnitudes above 448 saturate (callers clamp first, as the
    /// reference does); NaN becomes 0x7F. The sign of zero is kept.
    /// </summary>
    public static byte Encode(float value)
    {
        if (float.IsNaN(value)) return 0x7F;
        int bits = BitConverter.SingleToInt32Bits(value);
        int sign = (bits >>> 24) & 0x80;
        float m = MathF.Abs(value);
        if (m >= MaxValue) return (byte)(sign | 0x7E);

        // Below 2^-6 the spacing is fixed at 2^-9, so rounding to an integer multiple is exact and ties to even.
        if (m < 0.015625f) return (byte)(sign | (int)MathF.Round(m * 512f, MidpointRounding.ToEven));

        // Add half of the last kept bit, less one when that bit is even: the carry may step into the exponent,
        // which is exactly what rounding up to the next power of two needs.
        int magnitude = bits & 0x7FFFFFFF;
        int rounded = magnitude + 0x7FFFF + ((magnitude >> 20) & 1);
        return (byte)(sign | ((rounded >> 20) - (120 << 3)));
    }

    private static float[] BuildValues()
    {
        var values = new float[256];
        for (int code = 0; code < 256; code++)
        {
            int exponent = (code >> 3) & 15, mantissa = code & 7;
            float magnitude = exponent == 0
                ? mantissa * 0.001953125f
                : (1f + (mantissa / 8f)) * MathF.ScaleB(1f, exponent - 7);
            if ((code & 0x7F) == 0x7F) magnitude = float.NaN;
            values[code] = (code & 0x80) != 0 ? -magnitude : magnitude;
        }

        return values;
    }
}
