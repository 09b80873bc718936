namespace Fathom.Compute.Quantizing;

/// <summary>
/// Rounds numbers to GGUF's block formats. Scales are searched so that Σ w·(x − y)² is small, where w says what an error
/// in a column costs: the mean square of that column's inputs, when it is known (an importance matrix).
/// </summary>
public static unsafe class BlockQuantizer
{
    private const int MostValues = 512;

    /// <summary>The formats that can be written.</summary>
    public static IReadOnlyList<WeightFormat> Formats { get; } = [WeightFormat.Q80, WeightFormat.Q4K, WeightFormat.Q2K, WeightFormat.Iq2Xxs];

    /// <summary>Values of a block of a format.</summary>
    public static int ValuesOf(WeightFormat format) => GgufBlocks.ValuesOf(format);

    /// <summary>Writes values as blocks.</summary>
    /// <param name="format">One of <see cref="Formats"/>.</param>
    /// <param name="values">Whole blocks.</param>
    /// <param name="importance">w for each value, at least 0, or for each column of rows of whole blocks; or empty for 1 everywhere.</param>
    /// <param name="target">Receives the blocks.</param>
    /// <exception cref="ArgumentException">The lengths do not go together, or the format cannot be written.</exception>
    /// <exception cref="NotFiniteNumberException">A value is NaN or infinite.</exception>
    public static void Quantize(WeightFormat format, ReadOnlySpan<float> values, ReadOnlySpan<float> importance, Span<byte> target)
    {
        int count = ValuesOf(format), bytes = GgufBlocks.BytesOf(format), blocks = values.Length / count, together = TogetherOf(format);
        if (values.Length % count != 0 || target.Length != blocks * bytes) throw new ArgumentException($"{values.Length} values in {target.Length} bytes are no whole blocks of {format}.", nameof(target));
        if (!importance.IsEmpty && (importance.Length % count != 0 || values.Length % importance.Length != 0)) throw new ArgumentException($"{values.Length} values have {importance.Length} importances.", nameof(importance));
        fixed (float* first = values, importances = importance)
        {
            fixed (byte* place = target)
            {
                for (int block = 0; block < blocks; block += together) Write(format, first, importances, importance.Length, block, Math.Min(together, blocks - block), place + (block * bytes));
            }
        }
    }

    /// <summary>Replaces values by what they become in a format; see <see cref="Quantize"/>.</summary>
    public static void Round(WeightFormat format, Span<float> values, ReadOnlySpan<float> importance)
    {
        int count = ValuesOf(format), bytes = GgufBlocks.BytesOf(format);
        byte* block = stackalloc byte[bytes];
        for (int i = 0; i < values.Length; i += count)
        {
            Quantize(format, values.Slice(i, count), importance.IsEmpty ? importance : importance.Slice(i, count), new Span<byte>(block, bytes));
            fixed (float* y = values.Slice(i, count)) GgufBlocks.Decode(format, block, y);
        }
    }

    // Blocks that one search takes, so that vectors are full.
    private static int TogetherOf(WeightFormat format) => format == WeightFormat.Q4K ? 2 : 1;

    private static void Write(WeightFormat format, float* values, float* importances, int importanceCount, int block, int blocks, byte* place)
    {
        int count = ValuesOf(format);
        float* x = values + (block * count), weights = stackalloc float[MostValues], padded = stackalloc float[MostValues];
        CheckFinite(new ReadOnlySpan<float>(x, blocks * count));
        for (int i = 0; i < blocks; i++) Weights(importances == null ? null : importances + ((block + i) * count % importanceCount), weights + (i * count), count);
        if (blocks < TogetherOf(format))
        {
            new Span<float>(padded, MostValues).Clear();
            new Span<float>(x, blocks * count).CopyTo(new Span<float>(padded, MostValues));
            x = padded;
        }

        switch (format)
        {
            case WeightFormat.Q80: Q80Block.Write(x, place); break;
            case WeightFormat.Q4K: Q4KBlock.Write(x, weights, place, blocks); break;
            case WeightFormat.Q2K: Q2KBlock.Write(x, weights, place); break;
            case WeightFormat.Iq2Xxs: Iq2XxsBlock.Write(x, weights, place); break;
            default: throw new ArgumentException($"Fathom writes {string.Join(", ", Formats)}, not {format}.", nameof(format));
        }
    }

    private static void CheckFinite(ReadOnlySpan<float> values)
    {
        foreach (float value in values)
        {
            if (!float.IsFinite(value)) throw new NotFiniteNumberException("A weight is NaN or infinite.", value);
        }
    }

    // Scaled to a mean of 1. A column that never had an input still keeps a little, so that its values stay in sight.
    private static void Weights(float* importance, float* weights, int count)
    {
        const float least = 1e-4f;
        double sum = 0;
        if (importance != null)
        {
            for (int i = 0; i < count; i++) sum += importance[i];
        }

        float scale = sum > 0 && double.IsFinite(sum) ? (float)(count / sum) : 0;
        for (int i = 0; i < count; i++) weights[i] = scale > 0 ? Math.Max(least, importance[i] * scale) : 1f;
    }
}
