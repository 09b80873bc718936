using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Fathom.Compute.Cpu.Integers.Dots;

namespace Fathom.Compute.Cpu.Integers;

/// <summary>The kernels of fast products for one kind of processor. All give the bits of <see cref="IntegerWeights.Dot"/>.</summary>
internal abstract unsafe class IntegerKernels
{
    /// <summary>What this processor has, the best first; empty where the formula is all there is.</summary>
    public static IReadOnlyList<IntegerKernels> Supported { get; } = [.. Find()];

    /// <summary>The best of them, or null.</summary>
    public static IntegerKernels? Best { get; } = Supported.Count > 0 ? Supported[0] : null;

    /// <summary>The instructions that they are made of.</summary>
    public abstract string Name { get; }

    /// <summary>y[i] = x · row (first + i) for eight rows.</summary>
    /// <param name="weight">A matrix that takes integers.</param>
    /// <param name="row">First row.</param>
    /// <param name="x">The input.</param>
    /// <param name="scratch">Memory of <see cref="IntegerProducts.ScratchFloats"/>.</param>
    /// <param name="next">The bytes that will be read after these, fetched meanwhile; or the same ones.</param>
    /// <param name="y">Receives eight products.</param>
    public abstract void MultiplyRows(WeightMatrix weight, int row, IntegerRow x, byte* scratch, byte* next, float* y);

    /// <summary>Fills a panel with 32 rows.</summary>
    public abstract void FillPanel(WeightMatrix weight, int row, byte* panel);

    /// <summary>Inputs that <see cref="MultiplyPanel"/> takes, at most <see cref="IntegerProducts.MostTogether"/>.</summary>
    public abstract int InputsTogether(WeightFormat format);

    /// <summary>y[i][o] = x_i · row o of a panel, [<see cref="InputsTogether"/>][32].</summary>
    public abstract void MultiplyPanel(WeightFormat format, IntegerRow* x, byte* panel, int columns, float* y);

    private static IEnumerable<IntegerKernels> Find()
    {
        if (Avx512Vbmi.IsSupported && AvxVnni.IsSupported) yield return new Avx512Kernels();
        if (AvxVnni.IsSupported) yield return new GroupKernels<VnniDot, Sums<VnniDot>>("AVX2 and AVX-VNNI");
        if (Avx2.IsSupported) yield return new GroupKernels<Avx2Dot, Avx2PairSums>("AVX2");
        if (Dp.IsSupported && AdvSimd.Arm64.IsSupported) yield return new GroupKernels<ArmDot, Sums<ArmDot>>("Arm64 dot products");
    }
}
