namespace Fathom.Compute.Numbers;

/// <summary>
/// UE8M0 block scale: byte b stands for 2^(b-127); 255 is NaN; there is no zero and no sign. Byte 0 is 2^-127,
/// a subnormal in 32 bits that must not be flushed (architecture specification, section 9.6).
/// </summary>
public static class E8M0
{
    /// <summary>The code that stands for NaN.</summary>
    public const byte NaN = 255;

    /// <summary>The value of a code.</summary>
    public static float Decode(byte code) => code switch
    {
        0 => BitConverter.Int32BitsToSingle(1 << 22),
        NaN => float.NaN,
        _ => BitConverter.Int32BitsToSingle(code << 23),
    };

    /// <summary>The code of a power of two between 2^-127 and 2^127.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not such a power of two.</exception>
    public static byte Encode(float powerOfTwo)
    {
        int bits = BitConverter.SingleToInt32Bits(powerOfTwo);
        if (bits == 1 << 22) return 0;
        int exponent = bits >> 23;
        if (exponent is < 1 or > 254 || (bits & 0x7FFFFF) != 0)
            throw new ArgumentOutOfRangeException(nameof(powerOfTwo), powerOfTwo, "A UE8M0 scale holds only powers of two from 2^-127 to 2^127.");
        return (byte)exponent;
    }
}
