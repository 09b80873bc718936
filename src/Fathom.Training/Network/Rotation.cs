namespace Fathom.Training.Network;

/// <summary>Partial rotary embedding, interleaved (architecture specification, section 4.3).</summary>
internal sealed class Rotation
{
    private readonly float[] frequencies;

    private Rotation(float[] frequencies) => this.frequencies = frequencies;

    public static Rotation ForWindowLayers(V4Config config) => new(Frequencies(config.RotaryDim, config.RopeTheta));

    public static Rotation ForCompressedLayers(V4Config config)
    {
        float[] frequencies = Frequencies(config.RotaryDim, config.CompressRopeTheta);
        if (config.YarnFactor <= 1f) return new Rotation(frequencies);
        double low = Math.Max(Math.Floor(Dimension(config, config.YarnBetaFast)), 0), high = Math.Min(Math.Ceiling(Dimension(config, config.YarnBetaSlow)), config.RotaryDim - 1);
        if (low == high) high += 0.001;
        for (int i = 0; i < frequencies.Length; i++)
        {
            float ramp = (float)Math.Clamp((i - low) / (high - low), 0.0, 1.0);
            frequencies[i] = (frequencies[i] / config.YarnFactor * ramp) + (frequencies[i] * (1f - ramp));
        }

        return new Rotation(frequencies);
    }

    /// <summary>Cosines and sines, each [..., rotary dims / 2] for positions [...].</summary>
    public (Tensor Cos, Tensor Sin) Angles(Tensor positions, ScalarType type)
    {
        // The angle is a 32-bit product, as in the reference.
        Tensor angles = positions.to(ScalarType.Float32).unsqueeze(-1) * tensor(frequencies);
        angles = angles.to(type);
        return (angles.cos(), angles.sin());
    }

    /// <summary>Turns the last dimensions of vectors [..., d]; angles must broadcast against [..., rotary dims / 2].</summary>
    public static Tensor Apply(Tensor x, Tensor cos, Tensor sin, bool inverse = false)
    {
        long rotary = cos.shape[^1] * 2, d = x.shape[^1];
        Tensor pairs = x.narrow(-1, d - rotary, rotary).SplitDim(-1, rotary / 2, 2);
        Tensor a = pairs.select(-1, 0), b = pairs.select(-1, 1);
        if (inverse) sin = -sin;
        Tensor turned = stack([(a * cos) - (b * sin), (a * sin) + (b * cos)], -1).flatten(-2);
        return d == rotary ? turned : cat([x.narrow(-1, 0, d - rotary), turned], -1);
    }

    private static float[] Frequencies(int dims, float theta)
    {
        var frequencies = new float[dims / 2];
        for (int i = 0; i < frequencies.Length; i++) frequencies[i] = 1f / MathF.Pow(theta, 2f * i / dims);
        return frequencies;
    }

    private static double Dimension(V4Config config, double turns) =>
        config.RotaryDim * Math.Log(config.YarnOriginalPositions / (turns * 2 * Math.PI)) / (2 * Math.Log(config.CompressRopeTheta));
}
