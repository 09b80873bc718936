using Fathom.Compute.Numbers;

namespace Fathom.Compute;

/// <summary>The block formats of GGUF files, read as their formulas stand (checkpoint specification, section 4.5).</summary>
internal static unsafe class GgufBlocks
{
    private const int MostValues = 256;

    // Eight magnitudes of 8, 25 or 43 for each index, two bits each, the first in the lowest bits.
    private static ReadOnlySpan<ushort> Grid =>
    [
        0x0000, 0x0002, 0x0005, 0x0008, 0x000A, 0x0011, 0x0014, 0x0020, 0x0022, 0x0028, 0x002A, 0x0041, 0x0044, 0x0050, 0x0058, 0x0061,
        0x0064, 0x0080, 0x0082, 0x008A, 0x00A2, 0x0101, 0x0104, 0x0110, 0x0115, 0x0140, 0x0184, 0x0198, 0x0200, 0x0202, 0x0222, 0x0282,
        0x0401, 0x0404, 0x0410, 0x0421, 0x0424, 0x0440, 0x0442, 0x0448, 0x0460, 0x0481, 0x0484, 0x0490, 0x04A4, 0x0500, 0x0502, 0x0508,
        0x0520, 0x0546, 0x0569, 0x0580, 0x0591, 0x0609, 0x0610, 0x0640, 0x0684, 0x06A4, 0x0800, 0x0805, 0x0808, 0x0814, 0x0828, 0x0841,
        0x0844, 0x0850, 0x0852, 0x0888, 0x0904, 0x0940, 0x0A02, 0x0A14, 0x1001, 0x1004, 0x1010, 0x1021, 0x1040, 0x1060, 0x1084, 0x1090,
        0x1095, 0x1100, 0x1108, 0x1120, 0x1150, 0x115A, 0x1180, 0x1224, 0x1245, 0x1400, 0x1408, 0x1420, 0x1425, 0x1449, 0x1480, 0x1518,
        0x1562, 0x1600, 0x1616, 0x1801, 0x1804, 0x1810, 0x1840, 0x1881, 0x1900, 0x1905, 0x19A0, 0x1A51, 0x2000, 0x2002, 0x200A, 0x2044,
        0x2061, 0x2080, 0x2082, 0x2129, 0x2148, 0x2200, 0x2202, 0x2401, 0x2404, 0x2410, 0x2440, 0x2456, 0x2500, 0x2541, 0x2564, 0x2690,
        0x2808, 0x2820, 0x2894, 0x2A44, 0x4001, 0x4004, 0x4010, 0x4018, 0x4021, 0x4024, 0x4040, 0x4048, 0x4056, 0x4060, 0x4081, 0x4084,
        0x4090, 0x4100, 0x4120, 0x4161, 0x4180, 0x4185, 0x4201, 0x4210, 0x4248, 0x4256, 0x4268, 0x4400, 0x4408, 0x4420, 0x4480, 0x4499,
        0x4512, 0x4524, 0x4600, 0x4801, 0x4804, 0x4810, 0x4840, 0x4845, 0x4900, 0x4958, 0x4961, 0x4982, 0x4A45, 0x4A90, 0x5000, 0x5008,
        0x5011, 0x5019, 0x5020, 0x5080, 0x5088, 0x5104, 0x5142, 0x51A4, 0x5291, 0x5490, 0x5492, 0x550A, 0x5601, 0x5654, 0x5800, 0x5811,
        0x5819, 0x5864, 0x5940, 0x5A08, 0x6004, 0x6010, 0x6040, 0x6068, 0x6100, 0x6155, 0x6218, 0x6260, 0x6400, 0x6405, 0x6510, 0x6512,
        0x6584, 0x6842, 0x8000, 0x8002, 0x800A, 0x8041, 0x8082, 0x8104, 0x8118, 0x8140, 0x8211, 0x8401, 0x8404, 0x8410, 0x8415, 0x8440,
        0x8460, 0x8500, 0x8546, 0x8594, 0x8609, 0x8640, 0x8660, 0x8802, 0x8904, 0x8A11, 0x9004, 0x9010, 0x9024, 0x9040, 0x90A1, 0x9116,
        0x9180, 0x9245, 0x9400, 0x9422, 0x9444, 0x9551, 0x9881, 0x9920, 0xA002, 0xA050, 0xA085, 0xA109, 0xA200, 0xA418, 0xA850, 0xA904,
    ];

    private static ReadOnlySpan<byte> Magnitudes => [8, 25, 43];

    /// <summary>Magnitude j (0..7) of grid entry 0..255 of IQ2_XXS: 0, 1 or 2 for 8, 25 or 43.</summary>
    public static int Level(int entry, int j) => (Grid[entry] >> (2 * j)) & 3;

    /// <summary>8, 25 or 43 for 0, 1 or 2.</summary>
    public static int Magnitude(int level) => Magnitudes[level];

    /// <summary>Magnitude j (0..7) of grid entry 0..255: 8, 25 or 43.</summary>
    public static int Magnitude(int entry, int j) => Magnitude(Level(entry, j));

    public static bool IsBlock(WeightFormat format) => format >= WeightFormat.Q80;

    /// <summary>Values of a block.</summary>
    public static int ValuesOf(WeightFormat format) => format is WeightFormat.Q80 or WeightFormat.Mxfp4 ? 32 : MostValues;

    /// <summary>Bytes of a block.</summary>
    public static int BytesOf(WeightFormat format) => format switch
    {
        WeightFormat.Q80 => 34,
        WeightFormat.Mxfp4 => 17,
        WeightFormat.Q4K => 144,
        WeightFormat.Q6K => 210,
        WeightFormat.Q2K => 84,
        WeightFormat.Iq2Xxs => 66,
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "No format of blocks."),
    };

    /// <summary>One value of a row.</summary>
    public static float ValueAt(WeightFormat format, byte* row, int column)
    {
        float* values = stackalloc float[MostValues];
        int count = ValuesOf(format);
        Decode(format, row + ((long)column / count * BytesOf(format)), values);
        return values[column % count];
    }

    /// <summary>All values of a block.</summary>
    public static void Decode(WeightFormat format, byte* block, float* y)
    {
        switch (format)
        {
            case WeightFormat.Q80: Q80(block, y); break;
            case WeightFormat.Mxfp4: Mxfp4(block, y); break;
            case WeightFormat.Q4K: Q4K(block, y); break;
            case WeightFormat.Q6K: Q6K(block, y); break;
            case WeightFormat.Q2K: Q2K(block, y); break;
            default: Iq2Xxs(block, y); break;
        }
    }

    private static float HalfAt(byte* place) => (float)*(Half*)place;

    private static void Q80(byte* block, float* y)
    {
        float d = HalfAt(block);
        for (int i = 0; i < 32; i++) y[i] = d * ((sbyte*)block)[2 + i];
    }

    private static void Mxfp4(byte* block, float* y)
    {
        float scale = E8M0.Decode(block[0]);
        for (int j = 0; j < 16; j++)
        {
            y[j] = E2M1.Decode(block[1 + j] & 15) * scale;
            y[j + 16] = E2M1.Decode(block[1 + j] >> 4) * scale;
        }
    }

    private static void Q4K(byte* block, float* y)
    {
        float d = HalfAt(block), dmin = HalfAt(block + 2);
        byte* sc = block + 4, qs = block + 16;
        for (int b = 0; b < 8; b++)
        {
            int scale = b < 4 ? sc[b] & 63 : (sc[b + 4] & 15) | ((sc[b - 4] >> 6) << 4);
            int min = b < 4 ? sc[b + 4] & 63 : (sc[b + 4] >> 4) | ((sc[b] >> 6) << 4);
            for (int l = 0; l < 32; l++)
            {
                int q = (qs[(32 * (b / 2)) + l] >> (4 * (b & 1))) & 15;
                y[(32 * b) + l] = (d * scale * q) - (dmin * min);
            }
        }
    }

    private static void Q6K(byte* block, float* y)
    {
        float d = HalfAt(block + 208);
        for (int h = 0; h < 2; h++)
        {
            byte* low = block + (64 * h), high = block + 128 + (32 * h);
            sbyte* scales = (sbyte*)block + 192 + (8 * h);
            for (int part = 0; part < 4; part++)
            {
                for (int l = 0; l < 32; l++)
                {
                    int nibble = (low[l + (32 * (part & 1))] >> (4 * (part / 2))) & 15;
                    int q = (nibble | (((high[l] >> (2 * part)) & 3) << 4)) - 32;
                    y[(128 * h) + (32 * part) + l] = d * scales[(2 * part) + (l / 16)] * q;
                }
            }
        }
    }

    private static void Q2K(byte* block, float* y)
    {
        float d = HalfAt(block + 80), dmin = HalfAt(block + 82);
        for (int i = 0; i < MostValues; i++)
        {
            int h = i / 128, j = i / 32 % 4, r = i / 16 % 2, l = i % 16, b = (8 * h) + (2 * j) + r;
            int q = (block[16 + (32 * h) + (16 * r) + l] >> (2 * j)) & 3;
            y[i] = (d * (block[b] & 15) * q) - (dmin * (block[b] >> 4));
        }
    }

    private static void Iq2Xxs(byte* block, float* y)
    {
        float d = HalfAt(block);
        for (int g = 0; g < 8; g++)
        {
            byte* group = block + 2 + (8 * g);
            uint w = *(uint*)(group + 4);
            float scale = d * (0.5f + (w >> 28)) * 0.25f;
            for (int l = 0; l < 4; l++)
            {
                // The eighth sign makes the number of negative ones even.
                uint signs = (w >> (7 * l)) & 127;
                signs |= (uint)(System.Numerics.BitOperations.PopCount(signs) & 1) << 7;
                int magnitudes = Grid[group[l]];
                for (int j = 0; j < 8; j++)
                {
                    float value = scale * Magnitudes[(magnitudes >> (2 * j)) & 3];
                    y[(32 * g) + (8 * l) + j] = ((signs >> j) & 1) != 0 ? -value : value;
                }
            }
        }
    }
}
