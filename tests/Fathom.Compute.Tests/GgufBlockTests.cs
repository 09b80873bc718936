namespace Fathom.Compute.Tests;

/// <summary>Values of GGUF blocks, worked out by hand from the formulas of the checkpoint specification, section 4.5.</summary>
public sealed unsafe class GgufBlockTests
{
    private static readonly byte[] Two = [0x00, 0x40], Half = [0x00, 0x38];

    [Fact]
    public void Q8_0()
    {
        byte[] block = [.. Half, .. Enumerable.Range(0, 32).Select(i => (byte)(sbyte)((i * 8) - 128))];
        Assert.Equal(-64f, Value(WeightFormat.Q80, block, 0));
        Assert.Equal(60f, Value(WeightFormat.Q80, block, 31));
    }

    [Fact]
    public void Mxfp4()
    {
        // Low nibbles are the first sixteen values; 2^(128 − 127) = 2.
        byte[] block = [128, 0x71, .. new byte[15]];
        Assert.Equal(1f, Value(WeightFormat.Mxfp4, block, 0));
        Assert.Equal(12f, Value(WeightFormat.Mxfp4, block, 16));
        Assert.Equal(0f, Value(WeightFormat.Mxfp4, block, 1));
    }

    [Fact]
    public void Q4_K()
    {
        var block = new byte[144];
        Two.CopyTo(block, 0);
        Half.CopyTo(block, 2);
        (block[4], block[4 + 4], block[4 + 8]) = (0b0100_0011, 0b1000_0101, 0x21);
        block[16] = 0x9A;
        block[16 + 64] = 0x07;

        // Sub-block 0: scale 3, min 5. Sub-block 4: scale 1 | 1 << 4 = 17, min 2 | 2 << 4 = 34.
        Assert.Equal((2f * 3 * 10) - (0.5f * 5), Value(WeightFormat.Q4K, block, 0));
        Assert.Equal((2f * 17 * 7) - (0.5f * 34), Value(WeightFormat.Q4K, block, 128));

        // Sub-block 1 takes the high nibbles: scale and min are 0.
        Assert.Equal(0f, Value(WeightFormat.Q4K, block, 32));
    }

    [Fact]
    public void Q6_K()
    {
        var block = new byte[210];
        Two.CopyTo(block, 208);
        (block[0], block[128], block[192], block[192 + 4]) = (0x5F, 0b0011_0010, 3, unchecked((byte)-1));
        Assert.Equal(2f * 3 * ((15 | (2 << 4)) - 32), Value(WeightFormat.Q6K, block, 0));
        Assert.Equal(2f * -1 * ((5 | (3 << 4)) - 32), Value(WeightFormat.Q6K, block, 64));
        Assert.Equal(2f * 3 * -32, Value(WeightFormat.Q6K, block, 1));
    }

    [Fact]
    public void Q2_K()
    {
        var block = new byte[84];
        Two.CopyTo(block, 80);
        Half.CopyTo(block, 82);
        (block[0], block[3], block[16], block[16 + 16]) = (0x35, 0x21, 0b0000_0011, 0b0000_1000);
        Assert.Equal((2f * 5 * 3) - (0.5f * 3), Value(WeightFormat.Q2K, block, 0));

        // h = 0, j = 1, r = 1: sub-block 3, bits 2 and 3 of the second sixteen.
        Assert.Equal((2f * 1 * 2) - (0.5f * 2), Value(WeightFormat.Q2K, block, 48));
    }

    [Fact]
    public void IQ2_XXS()
    {
        var block = new byte[66];
        Two.CopyTo(block, 0);

        // Grid entry 1 is 0x0002: its first magnitude is 43, the others 8. Signs 0b0000011 are even already; scale 2 · (0.5 + 1) / 4.
        block[2] = 1;
        BitConverter.TryWriteBytes(block.AsSpan(6), 0x10000003u);
        Assert.Equal(-0.75f * 43, Value(WeightFormat.Iq2Xxs, block, 0));
        Assert.Equal(-0.75f * 8, Value(WeightFormat.Iq2Xxs, block, 1));
        Assert.Equal(0.75f * 8, Value(WeightFormat.Iq2Xxs, block, 7));

        // One negative sign among the seven makes the eighth negative too.
        BitConverter.TryWriteBytes(block.AsSpan(6), 0x10000001u);
        Assert.Equal(-0.75f * 8, Value(WeightFormat.Iq2Xxs, block, 7));
    }

    private static float Value(WeightFormat format, byte[] block, int column)
    {
        fixed (byte* data = block) return new WeightMatrix(format, 1, format is WeightFormat.Q80 or WeightFormat.Mxfp4 ? 32 : 256, data).ValueAt(0, column);
    }
}
