namespace Fathom.Compute.Cpu.Integers;

/// <summary>Cuts a fast product into the pieces that kernels take. All of them give the bits of <see cref="IntegerWeights.Dot"/>.</summary>
internal static unsafe class IntegerProducts
{
    /// <summary>Weight rows that the row kernels take together.</summary>
    public const int RowsTogether = 8;

    /// <summary>Up to so many inputs are multiplied one by one; a panel would not be read often enough.</summary>
    public const int MostAlone = 4;

    /// <summary>Inputs that a tile takes together at most.</summary>
    public const int MostTogether = 6;

    /// <summary>Floats of scratch for a work item.</summary>
    public static long ScratchFloats(WeightMatrix weight) => IntegerPanel.Floats(weight) + (MostTogether * IntegerPanel.Rows);

    /// <summary>y[i][o] = x_i · row (first + o), for a run of rows; many inputs take <see cref="IntegerPanel.Rows"/> at a time.</summary>
    /// <param name="kernels">The kernels of the processor; null takes the formula.</param>
    /// <param name="weight">A matrix that takes integers.</param>
    /// <param name="first">First weight row.</param>
    /// <param name="rows">Weight rows.</param>
    /// <param name="inputs">The inputs.</param>
    /// <param name="group">The group of an input row where this matrix' columns begin.</param>
    /// <param name="scratch">Memory of <see cref="ScratchFloats"/>.</param>
    /// <param name="y">Where the product of input 0 and the first row goes.</param>
    /// <param name="stride">Floats between the products of two inputs.</param>
    public static void Multiply(IntegerKernels? kernels, WeightMatrix weight, int first, int rows, IntegerInputs inputs, long group, float* scratch, float* y, long stride)
    {
        if (kernels is not null && inputs.Count > MostAlone && rows == IntegerPanel.Rows)
        {
            MultiplyPanel(kernels, weight, first, inputs, group, scratch, y, stride);
            return;
        }

        int row = 0;
        for (; kernels is not null && row <= rows - RowsTogether; row += RowsTogether)
        {
            byte* next = weight.Data + ((first + row + (row + (2 * RowsTogether) <= rows ? RowsTogether : 0)) * weight.RowBytes);
            for (int i = 0; i < inputs.Count; i++)
            {
                IntegerRow x = inputs[i].From(group);
                float* to = y + (i * stride) + row;
                kernels.MultiplyRows(weight, first + row, x, (byte*)scratch, next, to);
            }
        }

        for (; row < rows; row++)
        {
            for (int i = 0; i < inputs.Count; i++) y[(i * stride) + row] = IntegerWeights.Dot(weight, first + row, inputs[i].From(group));
        }
    }

    private static void MultiplyPanel(IntegerKernels kernels, WeightMatrix weight, int first, IntegerInputs inputs, long group, float* scratch, float* y, long stride)
    {
        var panel = (byte*)scratch;
        float* products = scratch + IntegerPanel.Floats(weight);
        kernels.FillPanel(weight, first, panel);
        int together = kernels.InputsTogether(weight.Format);
        IntegerRow* x = stackalloc IntegerRow[MostTogether];
        for (int i = 0; i < inputs.Count; i += together)
        {
            // Where there are fewer, the last one is multiplied once more.
            for (int k = 0; k < together; k++) x[k] = inputs[Math.Min(i + k, inputs.Count - 1)].From(group);
            kernels.MultiplyPanel(weight.Format, x, panel, weight.Columns, products);
            for (int k = i; k < Math.Min(i + together, inputs.Count); k++)
                new ReadOnlySpan<float>(products + ((k - i) * IntegerPanel.Rows), IntegerPanel.Rows).CopyTo(new Span<float>(y + (k * stride), IntegerPanel.Rows));
        }
    }
}
