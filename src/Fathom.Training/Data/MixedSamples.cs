using Fathom.Training.Run;

namespace Fathom.Training.Data;

/// <summary>Several sources in fixed shares, interleaved so that the number of a sample says which source it is from and which of its samples it is.</summary>
internal sealed class MixedSamples : ISampleSource
{
    // Shares are met to one in this many.
    private const int Slots = 64;

    private readonly ISampleSource[] sources;
    private readonly int[] slots = new int[Slots];
    private readonly int[] ranks = new int[Slots];
    private readonly int[] counts;

    /// <summary>Mixes sources.</summary>
    /// <param name="parts">Sources with their shares, which are relative to each other.</param>
    /// <param name="seed">Of the order.</param>
    public MixedSamples(IReadOnlyList<(ISampleSource Source, double Share)> parts, long seed)
    {
        sources = [.. parts.Select(part => part.Source)];
        counts = new int[sources.Length];
        double sum = parts.Sum(part => part.Share), edge = 0;
        int slot = 0;
        for (int i = 0; i < sources.Length; i++)
        {
            // At least one slot each, and for every source after it one left.
            edge += parts[i].Share / sum * Slots;
            int end = Math.Clamp((int)Math.Round(edge), slot + 1, Slots - (sources.Length - 1 - i));
            while (slot < end) slots[slot++] = i;
        }

        new Random(unchecked((int)seed)).Shuffle(slots);
        for (int i = 0; i < Slots; i++) ranks[i] = counts[slots[i]]++;
    }

    /// <summary>How many sources can be mixed.</summary>
    public static int MostSources => Slots;

    /// <inheritdoc/>
    public Sample Create(long number, TrainStage stage)
    {
        int slot = (int)(number % Slots);
        return sources[slots[slot]].Create((number / Slots * counts[slots[slot]]) + ranks[slot], stage);
    }
}
