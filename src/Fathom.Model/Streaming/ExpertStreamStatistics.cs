namespace Fathom.Model.Streaming;

/// <summary>What streaming of experts did since the model was opened.</summary>
public sealed record ExpertStreamStatistics
{
    /// <summary>Places in the arena.</summary>
    public int Slots { get; init; }

    /// <summary>Bytes of a place.</summary>
    public long SlotBytes { get; init; }

    /// <summary>Rows (tokens) of all forwards.</summary>
    public long Tokens { get; init; }

    /// <summary>Needed experts that were in the arena from earlier use, counted once for each layer and forward.</summary>
    public long Hits { get; init; }

    /// <summary>Needed experts whose read had begun or was over because the router of the layer was run ahead of time.</summary>
    public long Prefetched { get; init; }

    /// <summary>Needed experts that had to be read.</summary>
    public long Misses { get; init; }

    /// <summary>Experts that were expected, read at least in part, and then not needed.</summary>
    public long Unneeded { get; init; }

    /// <summary>Bytes read from disk.</summary>
    public long BytesRead { get; init; }

    /// <summary>How long forwards waited for experts.</summary>
    public TimeSpan StallTime { get; init; }

    /// <summary>How long at least one read was under way.</summary>
    public TimeSpan ReadTime { get; init; }

    /// <summary>Reads that failed.</summary>
    public long ReadErrors { get; init; }

    /// <summary>Share of needed experts that were in the arena from earlier use, 0 to 1.</summary>
    public double HitRate => Share(Hits, Hits + Prefetched + Misses);

    /// <summary>Share of needed experts that were not there from earlier use and that reading ahead covered, 0 to 1.</summary>
    public double PrefetchCoverage => Share(Prefetched, Prefetched + Misses);

    /// <summary>Bytes read for each token.</summary>
    public double BytesPerToken => Share(BytesRead, Tokens);

    /// <summary>What came after an earlier moment.</summary>
    public ExpertStreamStatistics Since(ExpertStreamStatistics earlier)
    {
        ArgumentNullException.ThrowIfNull(earlier);
        return this with
        {
            Tokens = Tokens - earlier.Tokens,
            Hits = Hits - earlier.Hits,
            Prefetched = Prefetched - earlier.Prefetched,
            Misses = Misses - earlier.Misses,
            Unneeded = Unneeded - earlier.Unneeded,
            BytesRead = BytesRead - earlier.BytesRead,
            StallTime = StallTime - earlier.StallTime,
            ReadTime = ReadTime - earlier.ReadTime,
            ReadErrors = ReadErrors - earlier.ReadErrors,
        };
    }

    private static double Share(double part, double whole) => whole > 0 ? part / whole : 0;
}
