using Fathom.Compute.Cpu.Integers.Dots;
using Fathom.Compute.Cpu.Integers.Groups;

namespace Fathom.Compute.Cpu.Integers;

/// <summary>The kernels that differ in the dot instruction alone.</summary>
/// <typeparam name="TDot">The dot instruction.</typeparam>
/// <typeparam name="TSmall">How tiles add up weights of few bits.</typeparam>
/// <param name="name">The instructions.</param>
internal unsafe class GroupKernels<TDot, TSmall>(string name) : IntegerKernels
    where TDot : struct, IByteDot
    where TSmall : struct, ITileSum
{
    private const int BytesTogether = 6;
    private const int WideTogether = 4;

    public override string Name => name;

    public override void MultiplyRows(WeightMatrix weight, int row, IntegerRow x, byte* scratch, byte* next, float* y)
    {
        switch (weight.Format)
        {
            case WeightFormat.Fp8: Rows<Fp8Group>(weight, row, x, scratch, next, y); break;
            case WeightFormat.Fp4: Rows<Fp4Group>(weight, row, x, scratch, next, y); break;
            case WeightFormat.Mxfp4: Rows<Mxfp4Group>(weight, row, x, scratch, next, y); break;
            case WeightFormat.Q80: Rows<Q80Group>(weight, row, x, scratch, next, y); break;
            case WeightFormat.Q4K: Rows<Q4KGroup>(weight, row, x, scratch, next, y); break;
            case WeightFormat.Q6K: Rows<Q6KGroup>(weight, row, x, scratch, next, y); break;
            case WeightFormat.Q2K: Rows<Q2KGroup>(weight, row, x, scratch, next, y); break;
            default: Rows<Iq2XxsGroup>(weight, row, x, scratch, next, y); break;
        }
    }

    public override void FillPanel(WeightMatrix weight, int row, byte* panel)
    {
        switch (weight.Format)
        {
            case WeightFormat.Fp8: GroupPanel.Fill<TDot, Fp8Group>(weight, row, panel); break;
            case WeightFormat.Fp4: GroupPanel.Fill<TDot, Fp4Group>(weight, row, panel); break;
            case WeightFormat.Mxfp4: GroupPanel.Fill<TDot, Mxfp4Group>(weight, row, panel); break;
            case WeightFormat.Q80: GroupPanel.Fill<TDot, Q80Group>(weight, row, panel); break;
            case WeightFormat.Q4K: GroupPanel.Fill<TDot, Q4KGroup>(weight, row, panel); break;
            case WeightFormat.Q6K: GroupPanel.Fill<TDot, Q6KGroup>(weight, row, panel); break;
            case WeightFormat.Q2K: GroupPanel.Fill<TDot, Q2KGroup>(weight, row, panel); break;
            default: GroupPanel.Fill<TDot, Iq2XxsGroup>(weight, row, panel); break;
        }
    }

    public override int InputsTogether(WeightFormat format) => IntegerPanel.IsWide(format) ? WideTogether : BytesTogether;

    public override void MultiplyPanel(WeightFormat format, IntegerRow* x, byte* panel, int columns, float* y)
    {
        switch (format)
        {
            case WeightFormat.Fp8 or WeightFormat.Q6K: WideTile.Multiply<TDot>(x, panel, columns, y); break;
            case WeightFormat.Fp4 or WeightFormat.Mxfp4: ByteTile.Multiply<TSmall, Fp4Group>(x, panel, columns, Fp4Group.Offset, y); break;
            case WeightFormat.Q80: ByteTile.Multiply<SignedSums<TDot>, Q80Group>(x, panel, columns, TDot.SignedBias, y); break;
            case WeightFormat.Q4K: ByteTile.Multiply<TSmall, Q4KGroup>(x, panel, columns, 0, y); break;
            case WeightFormat.Q2K: ByteTile.Multiply<Sums<TDot>, Q2KGroup>(x, panel, columns, 0, y); break;
            default: ByteTile.Multiply<Sums<TDot>, Iq2XxsGroup>(x, panel, columns, Iq2XxsGroup.Bias, y); break;
        }
    }

    // Gathering comes first and on its own: a format's tables then exist before the kernel is compiled.
    private static void Rows<TFormat>(WeightMatrix weight, int row, IntegerRow x, byte* scratch, byte* next, float* y)
        where TFormat : struct, IGroupFormat
    {
        TFormat.Gather(weight, row, scratch);
        GroupRows.Multiply<TDot, TFormat>(weight, row, x, scratch, next, y);
    }
}
