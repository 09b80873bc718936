namespace Fathom.Compute.Quantizing;

/// <summary>Q4_K: eight groups of 32 values of 4 bits, with 6 bits each for a group's scale and minimum (checkpoint specification, section 4.5).</summary>
internal static unsafe class Q4KBlock
{
    private const int GroupSize = 32, Levels = 15, ScaleLevels = 63;

    public static void Write(float* x, float* w, byte* block)
    {
        var groups = new AffineGroups(x, w, GroupSize, Levels, ScaleLevels);
        groups.Fit();
        *(Half*)block = groups.D;
        *(Half*)(block + 2) = groups.DMin;
        byte* sc = block + 4, qs = block + 16;
        for (int b = 0; b < 4; b++)
        {
            // The upper two bits of scales 4 to 7 and of their minima lie above those of 0 to 3.
            sc[b] = (byte)(groups.ScaleCode(b) | ((groups.ScaleCode(b + 4) >> 4) << 6));
            sc[b + 4] = (byte)(groups.MinCode(b) | ((groups.MinCode(b + 4) >> 4) << 6));
            sc[b + 8] = (byte)((groups.ScaleCode(b + 4) & 15) | ((groups.MinCode(b + 4) & 15) << 4));
        }

        for (int pair = 0; pair < 4; pair++)
        {
            for (int l = 0; l < GroupSize; l++) qs[(32 * pair) + l] = (byte)(groups.Code((64 * pair) + l) | (groups.Code((64 * pair) + 32 + l) << 4));
        }
    }
}
