namespace Fathom.Compute.Quantizing;

/// <summary>
/// Rounds numbers to GGUF's block formats. Scales are searched so that Σ w·(x − y)² is small, where w says what an error
/// in a column costs: the mean square of that column's inputs, when it is known (an importance matrix).
/// </summary>
public static unsafe class BlockQuantizer
{
    private const int MostValues = 256;

    /// <summary>The formats that can be written.</summary>
    public static IReadOnlyList<WeightFormat> Formats { get; } = [WeightFormat.Q80, WeightFormat.Q4K, WeightFormat.Q2K, WeightFormat.Iq2Xxs];

    /// <summary>Values of a block of a format.</summary>
    public static int ValuesOf(WeightFormat format) => GgufBlocks.ValuesOf(format);

    /// <summary>Writes values as blocks.</summary>
    /// <param name="format">One of <see cref="Formats"/>.</param>
    /// <param name="values">Whole blocks.</param>
    /// <param name="importance">w for each value, at least 0; or empty for 1 everywhere.</param>
    /// <param name="target">Receives the blocks.</param>
    /// <exception cref="ArgumentException">The lengths do not go together, or the format cannot be written.</exception>
    /// <exception cref="NotFiniteNumberException">A value is NaN or infinite.</exception>
    public static void Quantize(WeightFormat format, ReadOnlySpan<float> values, ReadOnlySpan<float> importance, Span<byte> target)
    {
        int count = ValuesOf(format), bytes = GgufBlocks.BytesOf(format), blocks = values.Length / count;
        if (values.Length % count != 0 || target.Length != blocks * bytes) throw new ArgumentException($"{values.Length} values in {target.Length} bytes are no whole blocks of {format}.", nameof(target));
        if (!importance.IsEmpty && importance.Length != values.Length) throw new ArgumentException($"{values.Length} values have {importance.Length} importances.", nameof(importance));
        float* weights = stackalloc float[MostValues];
        fixed (float* first = values, importances = importance)
        {
            fixed (byte* place = target)
            {
                for (int block = 0; block < blocks; block++)
                {
                    float* x = first + (block * count);
                    CheckFinite(new ReadOnlySpan<float>(x, count));
                    Weights(importances == null ? null : importances + (block * count), weights, count);
                    Write(format, x, weights, place + (block * bytes));
                }
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

    private static void Write(WeightFormat format, float* x, float* weights, byte* block)
    {
        switch (format)
        {
            case WeightFormat.Q80: Q80Block.Write(x, block); break;
            case WeightFormat.Q4K: Q4KBlock.Write(x, weights, block); break;
            case WeightFormat.Q2K: Q2KBlock.Write(x, weights, block); break;
            case WeightFormat.Iq2Xxs: Iq2XxsBlock.Write(x, weights, block); break;
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
