using Fathom.Compute.Numbers;

namespace Fathom.Compute.Tests;

/// <summary>Every code of every number format, and the rounding at every midpoint.</summary>
public sealed class CodecTests
{
    [Fact]
    public void All_16_fp4_codes_decode_to_their_values_and_back()
    {
        float[] magnitudes = [0f, 0.5f, 1f, 1.5f, 2f, 3f, 4f, 6f];
        for (int code = 0; code < 16; code++)
        {
            float expected = code < 8 ? magnitudes[code] : -magnitudes[code - 8];
            Assert.Equal(BitConverter.SingleToInt32Bits(expected), BitConverter.SingleToInt32Bits(E2M1.Decode(code)));
            Assert.Equal(code, E2M1.Encode(expected));
        }
    }

    [Fact]
    public void Fp4_rounds_to_the_even_code_at_every_midpoint_and_to_the_nearest_beside_it()
    {
        CheckMidpoints(8, code => E2M1.Decode(code), E2M1.Encode, code => code ^ 8);
        Assert.Equal(7, E2M1.Encode(float.PositiveInfinity));
        Assert.Equal(15, E2M1.Encode(-1e30f));
        Assert.Equal(0, E2M1.Encode(float.NaN));
    }

    [Fact]
    public void All_256_fp8_codes_decode_to_their_values_and_back()
    {
        for (int code = 0; code < 256; code++)
        {
            int exponent = (code >> 3) & 15, mantissa = code & 7;
            double magnitude = exponent == 0 ? mantissa * Math.Pow(2, -9) : (8 + mantissa) * Math.Pow(2, exponent - 10);
            float value = E4M3.Decode((byte)code);
            if ((code & 0x7F) == 0x7F)
            {
                Assert.True(float.IsNaN(value));
                continue;
            }

            Assert.Equal(magnitude, Math.Abs((double)value));
            Assert.Equal(code >= 128, float.IsNegative(value));
            Assert.Equal(code, E4M3.Encode(value));
        }

        Assert.Equal(0x7F, E4M3.Encode(float.NaN));
    }

    [Fact]
    public void Fp8_rounds_to_the_even_code_at_every_midpoint_and_to_the_nearest_beside_it()
    {
        CheckMidpoints(0x7F, code => E4M3.Decode((byte)code), value => E4M3.Encode(value), code => code ^ 0x80);
        Assert.Equal(0x7E, E4M3.Encode(1e9f));
        Assert.Equal(0xFE, E4M3.Encode(float.NegativeInfinity));
    }

    [Fact]
    public void All_256_scale_codes_decode_to_powers_of_two_and_back()
    {
        for (int code = 0; code < 255; code++)
        {
            Assert.Equal(Math.Pow(2, code - 127), E8M0.Decode((byte)code));
            Assert.Equal(code, E8M0.Encode(E8M0.Decode((byte)code)));
        }

        Assert.True(float.IsNaN(E8M0.Decode(255)));
        foreach (float bad in (float[])[0f, -1f, 3f, float.NaN, float.PositiveInfinity, 1e-45f]) Assert.Throws<ArgumentOutOfRangeException>(() => E8M0.Encode(bad));
    }

    [Fact]
    public void All_65536_bfloat16_patterns_decode_to_the_upper_half_and_back()
    {
        for (int bits = 0; bits < 65_536; bits++)
        {
            float value = BFloat16.Decode((ushort)bits);
            Assert.Equal(bits << 16, BitConverter.SingleToInt32Bits(value));
            ushort again = BFloat16.Encode(value);
            if (float.IsNaN(value)) Assert.True(float.IsNaN(BFloat16.Decode(again)));
            else Assert.Equal(bits, again);
        }
    }

    [Fact]
    public void Bfloat16_rounds_to_the_even_pattern_at_every_midpoint_and_to_the_nearest_beside_it()
    {
        for (int magnitude = 0; magnitude < 0x7F80; magnitude++)
        {
            foreach (int sign in (int[])[0, 0x8000])
            {
                int bits = sign | magnitude;
                int midpoint = (bits << 16) | 0x8000;
                int even = (bits & 1) == 0 ? bits : bits + 1;
                Assert.Equal(even, BFloat16.Encode(BitConverter.Int32BitsToSingle(midpoint)));
                Assert.Equal(bits, BFloat16.Encode(BitConverter.Int32BitsToSingle(midpoint - 1)));
                Assert.Equal(bits + 1, BFloat16.Encode(BitConverter.Int32BitsToSingle(midpoint + 1)));
            }
        }
    }

    // Codes 0..count-1 are the magnitudes in rising order.
    private static void CheckMidpoints(int count, Func<int, float> decode, Func<float, int> encode, Func<int, int> negate)
    {
        for (int code = 0; code + 1 < count; code++)
        {
            float middle = (decode(code) + decode(code + 1)) / 2;
            int even = (code & 1) == 0 ? code : code + 1;
            Assert.Equal(even, encode(middle));
            Assert.Equal(negate(even), encode(-middle));
            Assert.Equal(code, encode(MathF.BitDecrement(middle)));
            Assert.Equal(code + 1, encode(MathF.BitIncrement(middle)));
            Assert.Equal(negate(code), encode(-MathF.BitDecrement(middle)));
            Assert.Equal(negate(code + 1), encode(-MathF.BitIncrement(middle)));
        }
    }
}
