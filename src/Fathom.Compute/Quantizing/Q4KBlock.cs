namespace Fathom.Compute.Quantizing;

/// <summary>Q4_K: eight groups of 32 values of 4 bits, with 6 bits each for a group's scale and minimum (checkpoint specification, section 4.5).</summary>
internal static unsafe class Q4KBlock
{
    private const int GroupSize = 32, Groups = 8, Levels = 15, ScaleLevels = 63, Bytes = 144;

    /// <summary>Writes two neighbouring blocks.</summary>
    /// <param name="x">Values, [2][256].</param>
    /// <param name="w">What their errors cost, [2][256].</param>
    /// <param name="blocks">144 bytes for each block that is wanted.</param>
    /// <param name="count">1 or 2: how many are wanted.</param>
    public static void Write(float* x, float* w, byte* blocks, int count)
    {
        var groups = new AffineGroups(x, w, GroupSize, Levels, ScaleLevels);
        groups.Fit();
        for (int i = 0; i < count; i++) Pack(ref groups, i * Groups, blocks + (i * Bytes));
    }

    private static void Pack(ref AffineGroups groups, int first, byte* block)
    {
        *(Half*)block = groups.D(first);
        *(Half*)(block + 2) = groups.DMin(first);
        byte* sc = block + 4, qs = block + 16;
        for (int b = 0; b < 4; b++)
        {
            // The upper two bits of scales 4 to 7 and of their minima lie above those of 0 to 3.
            int scale = groups.ScaleCode(first + b + 4), min = groups.MinCode(first + b + 4);
            sc[b] = (byte)(groups.ScaleCode(first + b) | ((scale >> 4) << 6));
            sc[b + 4] = (byte)(groups.MinCode(first + b) | ((min >> 4) << 6));
            sc[b + 8] = (byte)((scale & 15) | ((min & 15) << 4));
        }

        for (int pair = 0; pair < 4; pair++)
        {
            for (int l = 0; l < GroupSize; l++) qs[(32 * pair) + l] = (byte)(groups.Code(first + (2 * pair), l) | (groups.Code(first + (2 * pair) + 1, l) << 4));
        }
    }
}
