using Fathom.Checkpoints;
using Fathom.Compute.Memory;

namespace Fathom.Model;

/// <summary>
/// Rotation frequencies of one kind of layer (architecture specification, section 4.3). Window layers and the MTP
/// block use one base and no scaling; compressed layers another base with YaRN. There is no amplitude factor.
/// </summary>
public sealed unsafe class RotaryTable
{
    private readonly float[] frequencies;

    private RotaryTable(float[] frequencies) => this.frequencies = frequencies;

    /// <summary>Rotary dimensions of a head: twice the number of pairs.</summary>
    public int RotaryDim => frequencies.Length * 2;

    /// <summary>f_i of each pair, [rotary dims / 2].</summary>
    public ReadOnlySpan<float> Frequencies => frequencies;

    /// <summary>The table of window layers and the MTP block.</summary>
    public static RotaryTable ForWindowLayers(V4Config config) =>
        new(BaseFrequencies(config.RotaryDim, config.RopeTheta));

    /// <summary>The table of CSA and HCA layers, their compressed entries and the indexer.</summary>
    public static RotaryTable ForCompressedLayers(V4Config config)
    {
        float[] frequencies = BaseFrequencies(config.RotaryDim, config.CompressRopeTheta);
        if (config.YarnFactor <= 1f) return new RotaryTable(frequencies);

        int dims = config.RotaryDim;
        double low = Math.Max(Math.Floor(Dimension(config, config.YarnBetaFast)), 0);
        double high = Math.Min(Math.Ceiling(Dimension(config, config.YarnBetaSlow)), dims - 1);
        if (low == high) high += 0.001;
        for (int i = 0; i < frequencies.Length; i++)
        {
            float ramp = (float)Math.Clamp((i - low) / (high - low), 0.0, 1.0);
            frequencies[i] = (frequencies[i] / config.YarnFactor * ramp) + (frequencies[i] * (1f - ramp));
        }

        return new RotaryTable(frequencies);
    }

    /// <summary>Writes the cosines, then the sines of one position: [rotary dims].</summary>
    public void WriteAngles(int position, Span<float> target)
    {
        int pairs = frequencies.Length;
        for (int i = 0; i < pairs; i++)
        {
            // The angle is a 32-bit product, as in the reference.
            float angle = position * frequencies[i];
            (float sin, float cos) = MathF.SinCos(angle);
            target[i] = cos;
            target[pairs + i] = sin;
        }
    }

    /// <summary>Angles of many positions, [n, rotary dims].</summary>
    public void WriteAngles(ReadOnlySpan<int> positions, Rows target)
    {
        for (int i = 0; i < positions.Length; i++) WriteAngles(positions[i], target[i]);
    }

    private static float[] BaseFrequencies(int dims, float theta)
    {
        var frequencies = new float[dims / 2];
        for (int i = 0; i < frequencies.Length; i++) frequencies[i] = 1f / MathF.Pow(theta, 2f * i / dims);
        return frequencies;
    }

    // The pair whose wave makes `turns` turns over the original length.
    private static double Dimension(V4Config config, double turns) =>
        config.RotaryDim * Math.Log(config.YarnOriginalPositions / (turns * 2 * Math.PI)) / (2 * Math.Log(config.CompressRopeTheta));
}
