using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fathom.Compute.Cpu.Kernels;

/// <summary>
/// Products of one input row with weight rows, straight from the stored bytes: what a decoded token needs, bound by the
/// memory's speed. Weights become the floats of <see cref="WeightDecoder"/> and meet the input in the order of
/// <see cref="Lanes.Dot"/>, so the results have the bits of decoding first and multiplying then.
/// </summary>
internal static unsafe class RowProducts
{
    /// <summary>Weight rows that go through the registers together.</summary>
    public const int RowsTogether = 4;

    // Weights that a step of the byte kernels takes from each row.
    private const int Step = 64;

    /// <summary>Whether there is a kernel for the format and shape on this processor.</summary>
    public static bool Fit(WeightMatrix weight) => weight.Format switch
    {
        WeightFormat.Fp8 => Avx512Vbmi.IsSupported && weight.Columns % WeightMatrix.Fp8Block == 0,
        WeightFormat.Fp4 => Avx512Vbmi.IsSupported && weight.Columns % Step == 0 && !weight.ScalesAreFloat,
        WeightFormat.Mxfp4 => Avx512Vbmi.IsSupported && weight.Columns % Step == 0 && weight.Columns >= 2 * Step,
        WeightFormat.Q80 => Avx512BW.IsSupported,
        WeightFormat.F16 or WeightFormat.BF16 => Vector512.IsHardwareAccelerated && weight.Columns % Lanes.Count == 0,
        _ => false,
    };

    /// <summary>y[i] = x · row (first + i), for as many rows as a multiple of <see cref="RowsTogether"/>.</summary>
    /// <param name="weight">A matrix that fits.</param>
    /// <param name="first">First row.</param>
    /// <param name="rows">Rows, a multiple of <see cref="RowsTogether"/>.</param>
    /// <param name="x">The input row.</param>
    /// <param name="y">Receives the products.</param>
    public static void Multiply(WeightMatrix weight, int first, int rows, float* x, float* y)
    {
        for (int row = first; row < first + rows; row += RowsTogether, y += RowsTogether)
        {
            switch (weight.Format)
            {
                case WeightFormat.Fp8: Fp8Rows.Multiply(weight, row, x, y); break;
                case WeightFormat.Fp4: Fp4Rows.Multiply(weight, row, x, y); break;
                case WeightFormat.Mxfp4: Mxfp4Rows.Multiply(weight, row, x, y); break;
                case WeightFormat.Q80: Q80Rows.Multiply(weight, row, x, y); break;
                case WeightFormat.F16: HalfRows.Multiply<Binary16Numbers>(weight, row, x, y); break;
                default: HalfRows.Multiply<BFloat16Numbers>(weight, row, x, y); break;
            }
        }
    }
}
