using Fathom.Compute.Cpu.Integers.Dots;

namespace Fathom.Compute.Cpu.Integers;

/// <summary>AVX-512 with VBMI, and AVX-VNNI: kernels of their own where 512 bits win, the common ones for the rest.</summary>
internal sealed unsafe class Avx512Kernels() : GroupKernels<VnniDot, Sums<VnniDot>>("AVX-512 VBMI and AVX-VNNI")
{
    private const int InputsOfWideRegisters = 4;

    public override void MultiplyRows(WeightMatrix weight, int row, IntegerRow x, byte* scratch, byte* next, float* y)
    {
        switch (weight.Format)
        {
            // Eight rows have one scale unless they lie across the border of a block.
            case WeightFormat.Fp8 when row % WeightMatrix.Fp8Block <= WeightMatrix.Fp8Block - GroupRows.Rows: Fp8IntegerRows.Multiply(weight, row, x, next, y); break;
            case WeightFormat.Q80: Q80IntegerRows.Multiply(weight, row, x, scratch, next, y); break;
            case WeightFormat.Fp4 or WeightFormat.Mxfp4: Fp4IntegerRows.Multiply(weight, row, x, scratch, next, y); break;
            default: base.MultiplyRows(weight, row, x, scratch, next, y); break;
        }
    }

    public override void FillPanel(WeightMatrix weight, int row, byte* panel)
    {
        if (weight.Format is WeightFormat.Fp8 or WeightFormat.Q80 or WeightFormat.Fp4 or WeightFormat.Mxfp4) IntegerPanel.Fill(weight, row, panel);
        else base.FillPanel(weight, row, panel);
    }

    public override int InputsTogether(WeightFormat format) => format is WeightFormat.Fp4 or WeightFormat.Mxfp4 ? InputsOfWideRegisters : base.InputsTogether(format);

    public override void MultiplyPanel(WeightFormat format, IntegerRow* x, byte* panel, int columns, float* y)
    {
        switch (format)
        {
            case WeightFormat.Fp8 or WeightFormat.Q6K: Fp8IntegerTile.Multiply(x, panel, columns, y); break;
            case WeightFormat.Fp4 or WeightFormat.Mxfp4: Fp4IntegerTile.Multiply(x, panel, columns, y); break;
            default: base.MultiplyPanel(format, x, panel, columns, y); break;
        }
    }
}
