namespace Fathom.Compute.Numbers;

/// <summary>bfloat16: the upper 16 bits of an IEEE binary32 number.</summary>
public static class BFloat16
{
    /// <summary>The value of a 16-bit pattern (always exact).</summary>
    public static float Decode(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>The nearest pattern, ties to even; overflow gives infinity; a NaN stays a NaN with its upper payload, made quiet.</summary>
    public static ushort Encode(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value)) return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>The value rounded to bfloat16 and widened again.</summary>
    public static float Round(float value) => Decode(Encode(value));
}
