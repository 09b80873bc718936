namespace Fathom.Model;

/// <summary>
/// Logits of a forward, shape [rows asked for, vocabulary], in the order of the batch's rows. A view into the
/// model's buffer: read it before the next forward.
/// </summary>
public readonly struct Logits
{
    private readonly ReadOnlyMemory<float> values;

    /// <summary>Wraps a buffer of <paramref name="rows"/> × <paramref name="width"/> values.</summary>
    public Logits(ReadOnlyMemory<float> values, int rows, int width)
    {
        this.values = values;
        Rows = rows;
        Width = width;
    }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Values per row: the vocabulary size.</summary>
    public int Width { get; }

    /// <summary>One row, [vocabulary].</summary>
    public ReadOnlySpan<float> this[int row]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(row);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, Rows);
            return values.Span.Slice(row * Width, Width);
        }
    }
}
