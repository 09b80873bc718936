using Fathom.Compute;
using Fathom.Compute.Memory;

namespace Fathom.Model;

/// <summary>The end of a forward: streams become logits.</summary>
public sealed partial class V4Model
{
    // Rows whose streams are gathered at once: they are the widest rows of all.
    private const int GatheredRows = 64;

    private float[] logits = [];

    // Tells slices of an earlier forward from those of the last.
    private long headVersion;

    /// <summary>
    /// As <see cref="Forward"/>, with logits that are computed slice by slice when they are asked for: every row of a
    /// long batch can give its own without a buffer for all of them. Each row has the same bits as there.
    /// </summary>
    /// <param name="batch">Rows of one or several sessions, with the rows that give logits.</param>
    /// <param name="cancellation">Looked at between layers.</param>
    /// <returns>Logits of the rows that asked for them, until the next forward.</returns>
    /// <exception cref="ArgumentException">As for <see cref="Forward"/>.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public SlicedLogits ForwardSliced(Batch batch, CancellationToken cancellation = default)
    {
        Run(batch, isSliced: true, cancellation);
        return new SlicedLogits(this, headVersion, lastLogitRows.Length);
    }

    /// <summary>Logits of some rows of the last forward.</summary>
    /// <exception cref="InvalidOperationException">There was another forward meanwhile.</exception>
    internal Logits Slice(long version, int first, int count) => version == headVersion
        ? ApplyHead(first, count)
        : throw new InvalidOperationException("These logits belong to an earlier forward of the model; ask for them before the next one.");

    // The head's input of all rows that give logits; their streams are reduced a few rows at a time.
    private void PrepareHead(Rows streams, HyperConnectionWeights headStreams, float[] norm)
    {
        headVersion++;
        int rows = lastLogitRows.Length;
        Rows reduced = workspace.HeadInput.Take(rows, Config.HiddenSize);
        for (int first = 0; first < rows; first += GatheredRows)
        {
            int count = Math.Min(GatheredRows, rows - first);
            Rows wanted = workspace.HeadStreams.Take(count, streams.Width), target = reduced.Slice(first, count);
            device.Gather(streams, lastLogitRows.Span.Slice(first, count), wanted);
            device.ReduceStreams(wanted, headStreams, target);
            device.RmsNorm(target, norm, Config.NormEpsilon, target);
        }
    }

    private Logits ApplyHead(int first, int count)
    {
        if (count == 0) return new Logits(default, 0, VocabularySize);
        int needed = checked(count * VocabularySize);
        if (logits.Length < needed) logits = GC.AllocateUninitializedArray<float>(needed, pinned: true);
        Rows input = workspace.HeadInput.Take(lastLogitRows.Length, Config.HiddenSize).Slice(first, count);
        unsafe
        {
            fixed (float* target = logits) device.Linear(input, weights.Head, new Rows(target, count, VocabularySize));
        }

        return new Logits(logits.AsMemory(0, needed), count, VocabularySize);
    }
}
