using System.Buffers;

namespace Fathom.Text;

/// <summary>
/// Byte-pair merging of one piece: again and again the neighbouring pair with the lowest rank is joined, the leftmost
/// of equals, until no pair has a rank (chat specification, section 1.1). Short pieces are searched, long ones use a
/// queue, so that a megabyte without a break costs n log n and not n².
/// </summary>
internal sealed class BytePairMerger(Dictionary<long, (int Rank, int Joined)> merges)
{
    private const int LongestSearched = 64;

    /// <summary>The key of a pair of token ids: one to one, and mixed, because the hash of a plain pair is the same for every pair of equals.</summary>
    public static long Key(int left, int right) => unchecked((((long)left << 32) | (uint)right) * (long)0x9E3779B97F4A7C15);

    /// <summary>Merges the byte tokens in place and returns how many are left.</summary>
    public int Merge(Span<int> tokens) => tokens.Length <= LongestSearched ? MergeBySearch(tokens) : MergeByQueue(tokens);

    private int MergeBySearch(Span<int> tokens)
    {
        int count = tokens.Length;
        while (count > 1)
        {
            int best = -1, bestRank = int.MaxValue, joined = 0;
            for (int i = 0; i + 1 < count; i++)
            {
                if (merges.TryGetValue(Key(tokens[i], tokens[i + 1]), out (int Rank, int Joined) merge) && merge.Rank < bestRank)
                    (best, bestRank, joined) = (i, merge.Rank, merge.Joined);
            }

            if (best < 0) break;
            tokens[best] = joined;
            tokens[(best + 2)..count].CopyTo(tokens[(best + 1)..]);
            count--;
        }

        return count;
    }

    private int MergeByQueue(Span<int> tokens)
    {
        // Tokens form a linked list; a joined token stays at the place of its left half.
        int n = tokens.Length;
        int[] next = ArrayPool<int>.Shared.Rent(n), previous = ArrayPool<int>.Shared.Rent(n);
        var queue = new PriorityQueue<(int Left, int LeftToken, int RightToken), (int Rank, int Left)>();
        for (int i = 0; i < n; i++)
        {
            next[i] = i + 1 < n ? i + 1 : -1;
            previous[i] = i - 1;
        }

        for (int i = 0; i + 1 < n; i++) Offer(tokens, i, i + 1);
        while (queue.TryDequeue(out (int Left, int LeftToken, int RightToken) pair, out _))
        {
            // An entry is stale when either half has been merged meanwhile.
            int left = pair.Left, right = next[left];
            if (tokens[left] != pair.LeftToken || right < 0 || tokens[right] != pair.RightToken) continue;
            tokens[left] = merges[Key(pair.LeftToken, pair.RightToken)].Joined;
            tokens[right] = -1;
            int after = next[right];
            next[left] = after;
            if (after >= 0) previous[after] = left;
            if (previous[left] >= 0) Offer(tokens, previous[left], left);
            if (after >= 0) Offer(tokens, left, after);
        }

        int count = 0;
        for (int i = 0; i >= 0; i = next[i]) tokens[count++] = tokens[i];
        ArrayPool<int>.Shared.Return(next);
        ArrayPool<int>.Shared.Return(previous);
        return count;

        void Offer(Span<int> list, int left, int right)
        {
            if (merges.TryGetValue(Key(list[left], list[right]), out (int Rank, int Joined) merge))
                queue.Enqueue((left, list[left], list[right]), (merge.Rank, left));
        }
    }
}
