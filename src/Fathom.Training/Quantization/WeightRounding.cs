using Fathom.Compute;
using Fathom.Compute.Numbers;

namespace Fathom.Training.Quantization;

/// <summary>
/// Rounds matrices to the formats of the official layout: codes under power-of-two scales, FP8 in blocks of 128×128, FP4 in
/// groups of 32 columns (checkpoint specification, section 2.6). Training sees exactly the values that an export holds.
/// </summary>
internal static class WeightRounding
{
    // Below this a scale would leave the range of UE8M0.
    private const float SmallestMaximum = 1e-30f;

    /// <summary>FP8 codes and block scales of a matrix.</summary>
    /// <param name="values">[rows, columns].</param>
    /// <param name="rows">Outputs.</param>
    /// <param name="columns">Inputs.</param>
    public static (byte[] Codes, byte[] Scales) ToFp8(ReadOnlySpan<float> values, int rows, int columns)
    {
        const int edge = WeightMatrix.Fp8Block;
        int blockColumns = (columns + edge - 1) / edge;
        var codes = new byte[values.Length];
        var scales = new byte[(rows + edge - 1) / edge * blockColumns];
        for (int block = 0; block < scales.Length; block++)
        {
            int top = block / blockColumns * edge, left = block % blockColumns * edge;
            int bottom = Math.Min(rows, top + edge), width = Math.Min(columns, left + edge) - left;
            float max = SmallestMaximum;
            for (int r = top; r < bottom; r++) max = Math.Max(max, LargestMagnitude(values.Slice((r * columns) + left, width)));
            float scale = BlockRounding.PowerOfTwoCeiling(max / E4M3.MaxValue);
            scales[block] = E8M0.Encode(scale);
            for (int r = top; r < bottom; r++)
            {
                for (int i = (r * columns) + left; i < (r * columns) + left + width; i++) codes[i] = E4M3.Encode(values[i] / scale);
            }
        }

        return (codes, scales);
    }

    /// <summary>Packed FP4 codes (low nibble first) and group scales of a matrix with an even number of columns.</summary>
    /// <param name="values">[rows, columns].</param>
    /// <param name="rows">Outputs.</param>
    /// <param name="columns">Inputs.</param>
    public static (byte[] Codes, byte[] Scales) ToFp4(ReadOnlySpan<float> values, int rows, int columns)
    {
        const int group = WeightMatrix.Fp4Group;
        int groups = (columns + group - 1) / group;
        var codes = new byte[values.Length / 2];
        var scales = new byte[rows * groups];
        for (int r = 0; r < rows; r++)
        {
            for (int g = 0; g < groups; g++)
            {
                int first = (r * columns) + (g * group), count = Math.Min(group, columns - (g * group));
                float max = Math.Max(SmallestMaximum, LargestMagnitude(values.Slice(first, count)));
                float scale = BlockRounding.PowerOfTwoCeiling(max / E2M1.MaxValue);
                scales[(r * groups) + g] = E8M0.Encode(scale);
                for (int i = first; i < first + count; i++) codes[i / 2] |= (byte)(E2M1.Encode(values[i] / scale) << (4 * (i & 1)));
            }
        }

        return (codes, scales);
    }

    /// <summary>The values that FP8 codes stand for.</summary>
    public static void RoundToFp8(Span<float> values, int rows, int columns)
    {
        (byte[] codes, byte[] scales) = ToFp8(values, rows, columns);
        int blockColumns = (columns + WeightMatrix.Fp8Block - 1) / WeightMatrix.Fp8Block;
        for (int i = 0; i < values.Length; i++)
            values[i] = E4M3.Decode(codes[i]) * E8M0.Decode(scales[(i / columns / WeightMatrix.Fp8Block * blockColumns) + (i % columns / WeightMatrix.Fp8Block)]);
    }

    /// <summary>The values that FP4 codes stand for.</summary>
    public static void RoundToFp4(Span<float> values, int rows, int columns)
    {
        (byte[] codes, byte[] scales) = ToFp4(values, rows, columns);
        int groups = (columns + WeightMatrix.Fp4Group - 1) / WeightMatrix.Fp4Group;
        for (int i = 0; i < values.Length; i++)
            values[i] = E2M1.Decode(codes[i / 2] >> (4 * (i & 1))) * E8M0.Decode(scales[(i / columns * groups) + (i % columns / WeightMatrix.Fp4Group)]);
    }

    private static float LargestMagnitude(ReadOnlySpan<float> values)
    {
        float max = 0;
        foreach (float value in values) max = Math.Max(max, Math.Abs(value));
        return max;
    }
}
