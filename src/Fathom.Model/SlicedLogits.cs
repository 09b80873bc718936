namespace Fathom.Model;

/// <summary>
/// Logits of a forward that are computed when they are asked for, some rows at a time, in the order of the batch's
/// rows. They are there until the model's next forward.
/// </summary>
public readonly struct SlicedLogits
{
    /// <summary>Rows of a slice that suit most uses: enough for fast products, few enough for a wide vocabulary (33 MB at 129,280 tokens).</summary>
    public const int UsualRows = 64;

    private readonly V4Model model;
    private readonly long version;

    internal SlicedLogits(V4Model model, long version, int rows)
    {
        this.model = model;
        this.version = version;
        Rows = rows;
    }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Computes some rows.</summary>
    /// <param name="first">The first of them.</param>
    /// <param name="count">How many; a buffer of so many rows of logits is kept by the model.</param>
    /// <returns>Their logits, [count, vocabulary], until the next slice or forward.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There are no such rows.</exception>
    /// <exception cref="InvalidOperationException">There was another forward meanwhile.</exception>
    public Logits Slice(int first, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Rows - first);
        return model.Slice(version, first, count);
    }
}
