using Fathom.Training.Network.Kernels;

namespace Fathom.Training.Network;

/// <summary>Root-mean-square norms (architecture specification, sections 2 and 4.1).</summary>
internal static class Norms
{
    /// <summary>w · x / sqrt(mean(x²) + ε) over the last dimension.</summary>
    public static Tensor Rms(Tensor x, Tensor weight, double epsilon) => Rows.Fit(x) ? RmsKernel.apply(x, weight, epsilon) : PlainRms(x, epsilon) * weight;

    /// <summary>The same without a weight.</summary>
    public static Tensor Rms(Tensor x, double epsilon) => Rows.Fit(x) ? RmsKernel.apply(x, null!, epsilon) : PlainRms(x, epsilon);

    /// <summary>The plain twin of <see cref="RmsKernel"/>, without a weight.</summary>
    internal static Tensor PlainRms(Tensor x, double epsilon) => x * (x.square().mean([-1], keepdim: true) + epsilon).rsqrt();
}
