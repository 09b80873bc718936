namespace Fathom.Compute.Quantizing;

/// <summary>Q2_K: sixteen groups of 16 values of 2 bits, with 4 bits each for a group's scale and minimum (checkpoint specification, section 4.5).</summary>
internal static unsafe class Q2KBlock
{
    private const int GroupSize = 16, Levels = 3, ScaleLevels = 15;

    /// <summary>Writes one block.</summary>
    /// <param name="x">Values, [256].</param>
    /// <param name="w">What their errors cost, [256].</param>
    /// <param name="block">84 bytes.</param>
    public static void Write(float* x, float* w, byte* block)
    {
        var groups = new AffineGroups(x, w, GroupSize, Levels, ScaleLevels);
        groups.Fit();
        for (int group = 0; group < AffineGroups.Lanes; group++) block[group] = (byte)(groups.ScaleCode(group) | (groups.MinCode(group) << 4));
        *(Half*)(block + 80) = groups.D(0);
        *(Half*)(block + 82) = groups.DMin(0);
        for (int half = 0; half < 2; half++)
        {
            // Byte l of a half holds values l, l + 32, l + 64 and l + 96 of it.
            for (int l = 0; l < 32; l++)
            {
                int codes = 0;
                for (int j = 0; j < 4; j++) codes |= groups.Code((8 * half) + (2 * j) + (l / GroupSize), l % GroupSize) << (2 * j);
                block[16 + (32 * half) + l] = (byte)codes;
            }
        }
    }
}
