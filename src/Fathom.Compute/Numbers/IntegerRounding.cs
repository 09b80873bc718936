namespace Fathom.Compute.Numbers;

/// <summary>
/// The input rounding of fast matrix products: each group of 32 neighbours becomes integers of −127 to 127 under the scale
/// max|x| / 127, ties to even. These are the plain formulas.
/// </summary>
public static class IntegerRounding
{
    /// <summary>Values that share a scale: a block of the stored weights.</summary>
    public const int Group = 32;

    /// <summary>The largest integer.</summary>
    public const float Largest = 127f;

    /// <summary>Rounds one group.</summary>
    /// <param name="values">[32].</param>
    /// <param name="integers">Receives the integers, [32].</param>
    /// <returns>The scale; value ≈ integer · scale. Not a number when a value is none.</returns>
    public static float Round(ReadOnlySpan<float> values, Span<sbyte> integers)
    {
        float max = 0f;
        foreach (float value in values) max = MathF.Max(max, MathF.Abs(value));
        float inverse = max > 0f ? Largest / max : 0f;
        for (int i = 0; i < values.Length; i++) integers[i] = (sbyte)MathF.Round(values[i] * inverse);
        return max / Largest;
    }
}
