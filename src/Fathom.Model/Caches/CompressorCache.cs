using Fathom.Compute.Memory;
using Fathom.Model.Weights;

namespace Fathom.Model.Caches;

/// <summary>State of one compressor: raw projections of the last tokens, and the compressed entries so far (specification sections 5.3 and 10.1).</summary>
internal sealed class CompressorCache
{
    public CompressorCache(CompressorWeights weights, RowLayout layout)
        : this(weights.Ratio, new TailRing(weights.RawWidth, weights.Reach), new TailRing(weights.RawWidth, weights.Reach), new PagedRows(layout))
    {
    }

    private CompressorCache(int ratio, TailRing values, TailRing scores, PagedRows entries)
    {
        Ratio = ratio;
        Values = values;
        Scores = scores;
        Entries = entries;
    }

    public int Ratio { get; }

    /// <summary>Raw values by position, [c or 2c].</summary>
    public TailRing Values { get; }

    /// <summary>Raw scores by position, position bias included, [c or 2c].</summary>
    public TailRing Scores { get; }

    /// <summary>Entry i covers the tokens m·i … m·i + m − 1; entries past floor(length / m) are leftovers that will be overwritten.</summary>
    public PagedRows Entries { get; }

    public long Bytes => Values.Bytes + Scores.Bytes + Entries.Bytes;

    public void Commit()
    {
        Values.Commit();
        Scores.Commit();
    }

    public void Discard()
    {
        Values.Discard();
        Scores.Discard();
    }

    public CompressorCache Fork() => new(Ratio, Values.Fork(), Scores.Fork(), Entries.Fork());
}
