namespace Fathom.Compute.Cpu.Integers;

/// <summary>The integers of the formats of 256 columns (checkpoint specification, section 4.5), a group of 32 at a time.</summary>
internal static unsafe class KIntegers
{
    /// <summary>The integers of a group, scales of sixteen columns included, and what goes with them.</summary>
    /// <param name="format">Q4_K, Q6_K, Q2_K or IQ2_XXS.</param>
    /// <param name="block">The block of 256 columns.</param>
    /// <param name="part">Which group of it, 0..7.</param>
    /// <param name="integers">Receives them, [32].</param>
    public static GroupScales Decode(WeightFormat format, byte* block, int part, short* integers) => format switch
    {
        WeightFormat.Q4K => Q4K(block, part, integers),
        WeightFormat.Q6K => Q6K(block, part, integers),
        WeightFormat.Q2K => Q2K(block, part, integers),
        _ => Iq2Xxs(block, part, integers),
    };

    private static float HalfAt(byte* place) => (float)*(Half*)place;

    private static GroupScales Q4K(byte* block, int part, short* integers)
    {
        byte* packed = block + 4;
        int scale = part < 4 ? packed[part] & 63 : (packed[part + 4] & 15) | ((packed[part - 4] >> 6) << 4);
        int minimum = part < 4 ? packed[part + 4] & 63 : (packed[part + 4] >> 4) | ((packed[part] >> 6) << 4);
        for (int i = 0; i < 32; i++) integers[i] = (short)((block[16 + (32 * (part / 2)) + i] >> (4 * (part & 1))) & 15);
        float added = -(HalfAt(block + 2) * minimum);
        return new(HalfAt(block) * scale, true, added, added);
    }

    private static GroupScales Q6K(byte* block, int part, short* integers)
    {
        int half = part / 4, quarter = part & 3;
        for (int i = 0; i < 32; i++)
        {
            int low = (block[(64 * half) + (32 * (quarter & 1)) + i] >> (4 * (quarter / 2))) & 15, high = (block[128 + (32 * half) + i] >> (2 * quarter)) & 3;
            integers[i] = (short)(((low | (high << 4)) - 32) * (sbyte)block[192 + (2 * part) + (i / 16)]);
        }

        return new(HalfAt(block + 208));
    }

    private static GroupScales Q2K(byte* block, int part, short* integers)
    {
        byte* first = block + (2 * part);
        for (int i = 0; i < 32; i++) integers[i] = (short)(((block[16 + (32 * (part / 4)) + i] >> (2 * (part & 3))) & 3) * (first[i / 16] & 15));
        float minimum = HalfAt(block + 82);
        return new(HalfAt(block + 80), true, -(minimum * (first[0] >> 4)), -(minimum * (first[1] >> 4)));
    }

    private static GroupScales Iq2Xxs(byte* block, int part, short* integers)
    {
        byte* group = block + 2 + (8 * part);
        uint packed = *(uint*)(group + 4);
        for (int i = 0; i < 32; i++)
        {
            // The eighth sign makes the number of negative ones even.
            uint signs = (packed >> (7 * (i / 8))) & 127;
            bool isNegative = i % 8 < 7 ? ((signs >> (i % 8)) & 1) != 0 : (System.Numerics.BitOperations.PopCount(signs) & 1) != 0;
            int magnitude = GgufBlocks.Magnitude(group[i / 8], i % 8);
            integers[i] = (short)(isNegative ? -magnitude : magnitude);
        }

        return new(HalfAt(block) * ((packed >> 28) + 0.5f) * 0.25f);
    }
}
