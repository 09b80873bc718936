using Fathom.Compute.Memory;
using Fathom.Compute.Numbers;

namespace Fathom.Compute.Reference;

/// <summary>
/// The operations of V4 as scalar loops that read like the formulas of the specification. Slow on purpose and kept
/// for ever: every fast implementation is tested against it.
/// </summary>
/// <param name="arithmetic">How matrix products treat their inputs.</param>
public sealed unsafe partial class PlainDevice(Arithmetic arithmetic = Arithmetic.Exact) : IDevice
{
    /// <inheritdoc/>
    public void Embed(ReadOnlySpan<int> tokens, WeightMatrix table, Rows output)
    {
        for (int i = 0; i < tokens.Length; i++)
        {
            for (int c = 0; c < table.Columns; c++) output[i][c] = table.ValueAt(tokens[i], c);
        }
    }

    /// <inheritdoc/>
    public void RmsNorm(Rows input, ReadOnlySpan<float> weight, float epsilon, Rows output)
    {
        for (int i = 0; i < input.Count; i++)
        {
            float inverse = InverseRootMeanSquare(input[i], epsilon);
            for (int c = 0; c < input.Width; c++) output[i][c] = weight[c] * (input[i][c] * inverse);
        }
    }

    /// <inheritdoc/>
    public void NormalizeHeads(Rows rows, int headDim, float epsilon)
    {
        Rows heads = rows.Reshape(headDim);
        for (int h = 0; h < heads.Count; h++)
        {
            float inverse = InverseRootMeanSquare(heads[h], epsilon);
            foreach (ref float value in heads[h]) value *= inverse;
        }
    }

    /// <inheritdoc/>
    public void Linear(Rows input, WeightMatrix weight, Rows output) => GroupedLinear(input, weight, 1, output);

    /// <inheritdoc/>
    public void GroupedLinear(Rows input, WeightMatrix weight, int groups, Rows output)
    {
        int outputsPerGroup = weight.Rows / groups;
        for (int i = 0; i < input.Count; i++)
        {
            bool isFast = arithmetic == Arithmetic.Fast && weight.TakesIntegers;
            ReadOnlySpan<float> x = isFast ? RoundToIntegers(input[i]) : input[i];
            for (int o = 0; o < weight.Rows; o++)
            {
                int offset = o / outputsPerGroup * weight.Columns;
                float sum = 0f;
                for (int c = 0; c < weight.Columns; c++) sum += x[offset + c] * (isFast ? weight.FastValueAt(o, c) : weight.ValueAt(o, c));
                output[i][o] = sum;
            }
        }
    }

    /// <inheritdoc/>
    public void Rotate(Rows rows, int headDim, Rows angles, bool inverse)
    {
        int pairs = angles.Width / 2;
        for (int i = 0; i < rows.Count; i++)
        {
            for (int head = 0; head < rows.Width; head += headDim)
            {
                Span<float> rotary = rows[i].Slice(head + headDim - angles.Width, angles.Width);
                for (int p = 0; p < pairs; p++)
                {
                    float cos = angles[i][p], sin = inverse ? -angles[i][pairs + p] : angles[i][pairs + p];
                    float a = rotary[2 * p], b = rotary[(2 * p) + 1];
                    rotary[2 * p] = (a * cos) - (b * sin);
                    rotary[(2 * p) + 1] = (a * sin) + (b * cos);
                }
            }
        }
    }

    /// <inheritdoc/>
    public void RoundToFp8(Rows rows, int headDim, int roundedDims, int groupSize)
    {
        Rows heads = rows.Reshape(headDim);
        for (int h = 0; h < heads.Count; h++) BlockRounding.RoundToFp8(heads[h][..roundedDims], groupSize);
    }

    /// <inheritdoc/>
    public void HadamardAndRoundToFp4(Rows rows, int headDim, int groupSize)
    {
        Rows heads = rows.Reshape(headDim);
        for (int h = 0; h < heads.Count; h++)
        {
            Hadamard.Transform(heads[h]);
            BlockRounding.RoundToFp4(heads[h], groupSize);
        }
    }

    /// <inheritdoc/>
    public void Gather(Rows input, ReadOnlySpan<int> indices, Rows output)
    {
        for (int i = 0; i < indices.Length; i++) input[indices[i]].CopyTo(output[i]);
    }

    /// <inheritdoc/>
    public void ScatterAdd(Rows input, ReadOnlySpan<int> indices, Rows output)
    {
        for (int i = 0; i < indices.Length; i++)
        {
            for (int c = 0; c < input.Width; c++) output[indices[i]][c] += input[i][c];
        }
    }

    /// <summary>Holds nothing that needs disposing.</summary>
    public void Dispose()
    {
    }

    private static float[] RoundToIntegers(ReadOnlySpan<float> values)
    {
        var rounded = new float[values.Length];
        var integers = new sbyte[IntegerRounding.Group];
        for (int start = 0; start < values.Length; start += IntegerRounding.Group)
        {
            float scale = IntegerRounding.Round(values.Slice(start, IntegerRounding.Group), integers);
            for (int i = 0; i < integers.Length; i++) rounded[start + i] = integers[i] * scale;
        }

        return rounded;
    }

    private static float InverseRootMeanSquare(ReadOnlySpan<float> values, float epsilon)
    {
        float sum = 0f;
        foreach (float value in values) sum += value * value;
        return 1f / MathF.Sqrt((sum / values.Length) + epsilon);
    }

    private static float Sigmoid(float x) => 1f / (1f + MathF.Exp(-x));
}
