using Fathom.Training.Network.Kernels;

namespace Fathom.Training.Network;

/// <summary>Partial rotary embedding, interleaved (architecture specification, section 4.3).</summary>
internal sealed class Rotation
{
    private readonly float[] frequencies;

    private Rotation(float[] frequencies) => this.frequencies = frequencies;

    public static Rotation ForWindowLayers(V4Config config) => new(RotaryFrequencies.ForWindowLayers(config));

    public static Rotation ForCompressedLayers(V4Config config) => new(RotaryFrequencies.ForCompressedLayers(config));

    /// <summary>Cosines and sines, each [..., rotary dims / 2] for positions [...].</summary>
    public (Tensor Cos, Tensor Sin) Angles(Tensor positions, ScalarType type)
    {
        // The angle is a 32-bit product, as in the reference.
        Tensor angles = positions.to(ScalarType.Float32).unsqueeze(-1) * tensor(frequencies);
        angles = angles.to(type);
        return (angles.cos(), angles.sin());
    }

    /// <summary>Turns the last dimensions of vectors [..., d]; angles must broadcast against [..., rotary dims / 2].</summary>
    public static Tensor Apply(Tensor x, Tensor cos, Tensor sin, bool inverse = false) =>
        Rows.Fit(x) ? RotationKernel.apply(x, cos, sin, inverse) : PlainApply(x, cos, sin, inverse);

    /// <summary>The plain twin of <see cref="RotationKernel"/>.</summary>
    internal static Tensor PlainApply(Tensor x, Tensor cos, Tensor sin, bool inverse)
    {
        long rotary = cos.shape[^1] * 2, d = x.shape[^1];
        Tensor pairs = x.narrow(-1, d - rotary, rotary).SplitDim(-1, rotary / 2, 2);
        Tensor a = pairs.select(-1, 0), b = pairs.select(-1, 1);
        if (inverse) sin = -sin;
        Tensor turned = stack([(a * cos) - (b * sin), (a * sin) + (b * cos)], -1).flatten(-2);
        return d == rotary ? turned : cat([x.narrow(-1, 0, d - rotary), turned], -1);
    }
}
