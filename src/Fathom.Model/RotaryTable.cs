using Fathom.Checkpoints;
using Fathom.Compute.Memory;

namespace Fathom.Model;

/// <summary>
/// Rotation angles of one kind of layer (architecture specification, section 4.3).
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
    public static RotaryTable ForWindowLayers(V4Config config) => new(RotaryFrequencies.ForWindowLayers(config));

    /// <summary>The table of CSA and HCA layers, their compressed entries and the indexer.</summary>
    public static RotaryTable ForCompressedLayers(V4Config config) => new(RotaryFrequencies.ForCompressedLayers(config));

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
}
