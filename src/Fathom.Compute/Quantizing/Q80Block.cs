namespace Fathom.Compute.Quantizing;

/// <summary>Q8_0: 32 signed bytes under one scale. Its error is so small that no search is worth it.</summary>
internal static unsafe class Q80Block
{
    private const int Values = 32;
    private const float MostLevels = 127f;

    public static void Write(float* x, byte* block)
    {
        float largest = 0;
        for (int i = 0; i < Values; i++) largest = Math.Max(largest, Math.Abs(x[i]));
        Half d = (Half)(largest / MostLevels);
        *(Half*)block = d;

        // The scale as it was stored; rounding down can put the largest value half a step outside.
        float inverse = (float)d > 0 ? 1f / (float)d : 0;
        for (int i = 0; i < Values; i++) ((sbyte*)block)[2 + i] = (sbyte)Math.Clamp(MathF.Round(x[i] * inverse), -MostLevels, MostLevels);
    }
}
