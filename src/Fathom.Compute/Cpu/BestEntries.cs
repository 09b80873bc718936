using System.Numerics;
using System.Runtime.Intrinsics;

namespace Fathom.Compute.Cpu;

/// <summary>
/// The best entries so far of a scan in rising order: scores that beat the k-th best known are gathered, and sorted out when there is no room left.
/// The same entries as <see cref="TopEntries"/> picks: of equal scores the lower entry, NaN as the lowest.
/// </summary>
internal unsafe struct BestEntries
{
    /// <summary>Scores that come at once at most.</summary>
    public const int Step = 64;

    private readonly int k;
    private readonly int* entries;
    private readonly float* scores;
    private readonly float* work;
    private float threshold;
    private bool isFull;

    /// <summary>Starts with nothing in memory of <see cref="WordsFor"/> words.</summary>
    public BestEntries(int k, int* memory)
    {
        this.k = k;
        entries = memory;
        scores = (float*)(memory + Capacity(k));
        work = scores + Capacity(k);
        Count = 0;
        threshold = 0f;
        isFull = false;
    }

    /// <summary>Entries kept at present.</summary>
    public int Count { get; private set; }

    /// <summary>32-bit words of memory.</summary>
    public static int WordsFor(int k) => 3 * Capacity(k);

    /// <summary>Takes up to 64 scores; memory after them up to a multiple of 16 is read, too.</summary>
    public void Add(float* found, int first, int count)
    {
        for (int i = 0; i < count; i += Lanes.Count)
        {
            uint beats = count - i >= Lanes.Count ? 0xFFFF : (1u << (count - i)) - 1;
            if (isFull) beats &= (uint)Vector512.GreaterThan(Vector512.Load(found + i), Vector512.Create(threshold)).ExtractMostSignificantBits();
            for (; beats != 0; beats &= beats - 1)
            {
                int n = i + BitOperations.TrailingZeroCount(beats);
                entries[Count] = first + n;
                scores[Count++] = float.IsNaN(found[n]) ? float.NegativeInfinity : found[n];
            }
        }

        if (Count > Capacity(k) - Step) Keep();
    }

    /// <summary>Takes what another has kept of later entries.</summary>
    public void Add(ReadOnlySpan<int> laterEntries, ReadOnlySpan<float> laterScores)
    {
        for (int i = 0; i < laterEntries.Length; i++)
        {
            if (isFull && !(laterScores[i] > threshold)) continue;
            entries[Count] = laterEntries[i];
            scores[Count++] = laterScores[i];
            if (Count > Capacity(k) - Step) Keep();
        }
    }

    /// <summary>Writes the best entries in rising order and their scores.</summary>
    /// <returns>How many; at most k.</returns>
    public int Finish(int* best, float* bestScores)
    {
        Keep();
        new ReadOnlySpan<int>(entries, Count).CopyTo(new Span<int>(best, Count));
        new ReadOnlySpan<float>(scores, Count).CopyTo(new Span<float>(bestScores, Count));
        return Count;
    }

    private static int Capacity(int k) => (2 * k) + (2 * Step);

    // Throws out all but the k best; what stays keeps its order.
    private void Keep()
    {
        if (Count <= k) return;
        new ReadOnlySpan<float>(scores, Count).CopyTo(new Span<float>(work, Count));
        threshold = KthLargest(work, Count, k);
        int room = k, kept = 0;
        for (int i = 0; i < Count; i++)
        {
            if (scores[i] > threshold) room--;
        }

        for (int i = 0; i < Count; i++)
        {
            if (scores[i] < threshold || (scores[i] == threshold && room-- <= 0)) continue;
            (entries[kept], scores[kept]) = (entries[i], scores[i]);
            kept++;
        }

        Count = kept;
        isFull = true;
    }

    private static float KthLargest(float* values, int count, int k)
    {
        int low = 0, high = count - 1, target = k - 1;
        while (low < high)
        {
            float a = values[low], b = values[(low + high) / 2], c = values[high];
            float pivot = MathF.Max(MathF.Min(a, b), MathF.Min(MathF.Max(a, b), c));
            int i = low, j = high;
            while (i <= j)
            {
                while (values[i] > pivot) i++;
                while (values[j] < pivot) j--;
                if (i > j) break;
                (values[i], values[j]) = (values[j], values[i]);
                i++;
                j--;
            }

            if (target <= j) high = j;
            else if (target >= i) low = i;
            else break;
        }

        return values[target];
    }
}
