namespace Fathom.Checkpoints;

/// <summary>
/// Rotation frequencies that a config implies (architecture specification, section 4.3). Window layers and the MTP block use
/// one base and no scaling; compressed layers another base with YaRN. There is no amplitude factor.
/// </summary>
public static class RotaryFrequencies
{
    /// <summary>f_i of each pair in window layers and the MTP block, [rotary dims / 2].</summary>
    public static float[] ForWindowLayers(V4Config config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return Base(config.RotaryDim, config.RopeTheta);
    }

    /// <summary>f_i of each pair in CSA and HCA layers, their compressed entries and the indexer, [rotary dims / 2].</summary>
    public static float[] ForCompressedLayers(V4Config config)
    {
        ArgumentNullException.ThrowIfNull(config);
        float[] frequencies = Base(config.RotaryDim, config.CompressRopeTheta);
        if (config.YarnFactor <= 1f) return frequencies;

        int dims = config.RotaryDim;
        double low = Math.Max(Math.Floor(Dimension(config, config.YarnBetaFast)), 0);
        double high = Math.Min(Math.Ceiling(Dimension(config, config.YarnBetaSlow)), dims - 1);
        if (low == high) high += 0.001;
        for (int i = 0; i < frequencies.Length; i++)
        {
            float ramp = (float)Math.Clamp((i - low) / (high - low), 0.0, 1.0);
            frequencies[i] = (frequencies[i] / config.YarnFactor * ramp) + (frequencies[i] * (1f - ramp));
        }

        return frequencies;
    }

    private static float[] Base(int dims, float theta)
    {
        var frequencies = new float[dims / 2];
        for (int i = 0; i < frequencies.Length; i++) frequencies[i] = 1f / MathF.Pow(theta, 2f * i / dims);
        return frequencies;
    }

    // The pair whose wave makes `turns` turns over the original length.
    private static double Dimension(V4Config config, double turns) =>
        config.RotaryDim * Math.Log(config.YarnOriginalPositions / (turns * 2 * Math.PI)) / (2 * Math.Log(config.CompressRopeTheta));
}
