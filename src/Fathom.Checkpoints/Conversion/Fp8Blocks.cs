using System.Buffers;
using Fathom.Compute;
using Fathom.Compute.Numbers;

namespace Fathom.Checkpoints.Conversion;

/// <summary>Finds the FP8 blocks that a matrix of wider numbers once was: where all 128×128 blocks are FP8 values under a power of two, it goes back without loss.</summary>
internal static class Fp8Blocks
{
    /// <summary>The UE8M0 scales of some bands of 128 rows, [ceil(rows/128), ceil(columns/128)].</summary>
    /// <param name="matrix">The rows.</param>
    /// <param name="scales">Receives the scales.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>Whether the rows are exactly FP8.</returns>
    public static bool TryScales(WeightMatrix matrix, Memory<byte> scales, CancellationToken cancellation)
    {
        const int edge = WeightMatrix.Fp8Block;
        int bands = (matrix.Rows + edge - 1) / edge, blocks = BlocksOf(matrix.Columns);
        return Parallel.For(0, bands, new ParallelOptions { CancellationToken = cancellation }, (band, state) =>
        {
            int first = band * edge, rows = Math.Min(edge, matrix.Rows - first);

            // Borrowed: megabytes a band would pile up before they are collected.
            float[] values = ArrayPool<float>.Shared.Rent(rows * matrix.Columns);
            for (int row = 0; row < rows; row++) matrix.DecodeRow(first + row, values.AsSpan(row * matrix.Columns, matrix.Columns));
            for (int block = 0; block < blocks; block++)
            {
                if (!state.ShouldExitCurrentIteration && Scale(values, rows, matrix.Columns, block * edge, Math.Min(edge, matrix.Columns - (block * edge))) is { } scale) scales.Span[(band * blocks) + block] = scale;
                else state.Stop();
            }

            ArrayPool<float>.Shared.Return(values);
        }).IsCompleted;
    }

    /// <summary>Scales in a row of them.</summary>
    public static int BlocksOf(int columns) => (columns + WeightMatrix.Fp8Block - 1) / WeightMatrix.Fp8Block;

    /// <summary>Writes rows as FP8 under scales that hold them exactly.</summary>
    /// <param name="matrix">The rows.</param>
    /// <param name="scales">The scales of the bands of the same rows.</param>
    /// <param name="firstRow">Which of the rows is the first.</param>
    /// <param name="rows">How many.</param>
    /// <param name="target">Receives them.</param>
    public static void Encode(WeightMatrix matrix, ReadOnlySpan<byte> scales, int firstRow, int rows, Span<byte> target)
    {
        float[] borrowed = ArrayPool<float>.Shared.Rent(matrix.Columns);
        Span<float> values = borrowed.AsSpan(0, matrix.Columns);
        int blocks = BlocksOf(matrix.Columns);
        for (int row = 0; row < rows; row++)
        {
            matrix.DecodeRow(firstRow + row, values);
            for (int i = 0; i < values.Length; i++)
            {
                float scale = E8M0.Decode(scales[((firstRow + row) / WeightMatrix.Fp8Block * blocks) + (i / WeightMatrix.Fp8Block)]);
                target[(row * values.Length) + i] = E4M3.Encode(values[i] / scale);
            }
        }

        ArrayPool<float>.Shared.Return(borrowed);
    }

    // The smallest power of two under which the largest value fits: it is what DeepSeek's own rounding takes.
    private static byte? Scale(float[] values, int rows, int columns, int first, int count)
    {
        float largest = 0;
        for (int row = 0; row < rows; row++)
        {
            foreach (float value in values.AsSpan((row * columns) + first, count)) largest = Math.Max(largest, Math.Abs(value));
        }

        if (largest == 0) return 127;
        if (!float.IsFinite(largest)) return null;
        int exponent = (int)Math.Ceiling(Math.Log2(largest / E4M3.MaxValue));
        if (Math.ScaleB(E4M3.MaxValue, exponent) < largest) exponent++;

        // A largest value of just 448 may also have been a little more, rounded under twice the scale; if so, the small values say it.
        if (Math.ScaleB(E4M3.MaxValue, exponent) == largest && Fits(values, rows, columns, first, count, exponent + 1)) return (byte)(exponent + 128);
        return Fits(values, rows, columns, first, count, exponent) ? (byte)(exponent + 127) : null;
    }

    private static bool Fits(float[] values, int rows, int columns, int first, int count, int exponent)
    {
        if (exponent is < -126 or > 126) return false;
        float scale = MathF.ScaleB(1, exponent), inverse = 1 / scale;
        for (int row = 0; row < rows; row++)
        {
            foreach (float value in values.AsSpan((row * columns) + first, count))
            {
                if (E4M3.Decode(E4M3.Encode(value * inverse)) * scale != value) return false;
            }
        }

        return true;
    }
}
