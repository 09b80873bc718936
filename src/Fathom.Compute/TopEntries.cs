namespace Fathom.Compute;

/// <summary>Picks the best-scored compressed entries (architecture specification, section 6.3): higher score first, then lower index.</summary>
public static class TopEntries
{
    /// <summary>Writes the indices of the highest scores in ascending order of index; −1 fills what is left over. A NaN score counts as the lowest.</summary>
    /// <param name="scores">One score for each visible entry.</param>
    /// <param name="picks">Receives min(picks, scores) indices.</param>
    public static void Pick(ReadOnlySpan<float> scores, Span<int> picks)
    {
        int k = Math.Min(picks.Length, scores.Length);
        picks[k..].Fill(-1);
        Span<int> heap = picks[..k];
        for (int i = 0; i < k; i++) heap[i] = i;
        if (k == scores.Length || k == 0) return;

        // A heap whose root is the worst entry kept. Entries come in rising order, so a newcomer must be strictly
        // better than the root to replace it: equal scores keep the lower index.
        for (int i = (k / 2) - 1; i >= 0; i--) SiftDown(heap, i, scores);
        for (int entry = k; entry < scores.Length; entry++)
        {
            if (!(Key(scores, entry) > Key(scores, heap[0]))) continue;
            heap[0] = entry;
            SiftDown(heap, 0, scores);
        }

        heap.Sort();
    }

    private static void SiftDown(Span<int> heap, int root, ReadOnlySpan<float> scores)
    {
        while (true)
        {
            int worst = root, left = (2 * root) + 1, right = left + 1;
            if (left < heap.Length && IsWorse(heap[left], heap[worst], scores)) worst = left;
            if (right < heap.Length && IsWorse(heap[right], heap[worst], scores)) worst = right;
            if (worst == root) return;
            (heap[root], heap[worst]) = (heap[worst], heap[root]);
            root = worst;
        }
    }

    private static bool IsWorse(int a, int b, ReadOnlySpan<float> scores)
    {
        float x = Key(scores, a), y = Key(scores, b);
        return x < y || (x == y && a > b);
    }

    private static float Key(ReadOnlySpan<float> scores, int entry)
    {
        float score = scores[entry];
        return float.IsNaN(score) ? float.NegativeInfinity : score;
    }
}
