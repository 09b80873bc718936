using System.Runtime.InteropServices;

namespace Fathom.Text.Grammars;

/// <summary>
/// The states of one grammar and the tokens of one vocabulary that each allows. Shared by all outputs of the pair;
/// one lock guards the table, and is held for the few milliseconds of a new mask at most.
/// </summary>
internal sealed class MaskCache
{
    // 16 KB each for V4's vocabulary.
    private const int MostMasks = 1024;

    // The eight booleans of each byte of a mask.
    private static readonly ulong[] Spread = [.. Enumerable.Range(0, 256).Select(SpreadOf)];

    private readonly Lock gate = new();
    private readonly Queue<MatchState> masked = new();
    private readonly StateTable table;
    private readonly TokenTrie trie;
    private readonly MatchState?[] path;

    public MaskCache(Automaton automaton, TokenTrie trie)
    {
        this.trie = trie;
        table = new StateTable(automaton, trie.LongestToken);
        path = new MatchState?[trie.LongestToken + 1];
        Start = table.Start();
    }

    /// <summary>The state of an empty output.</summary>
    public MatchState Start { get; }

    /// <summary>The state after more bytes; null when they do not fit.</summary>
    public MatchState? Follow(MatchState state, ReadOnlySpan<byte> bytes)
    {
        lock (gate)
        {
            state = table.Refresh(state);
            foreach (byte value in bytes)
            {
                state = table.Step(state, value);
                if (state.IsDead && !state.IsComplete) return null;
            }

            return state;
        }
    }

    /// <summary>Sets whether each token may come next.</summary>
    public void Allow(MatchState state, Span<bool> allowed)
    {
        byte[] mask;
        lock (gate) mask = MaskOf(table.CanonicalOf(table.Refresh(state)));

        Span<ulong> eights = MemoryMarshal.Cast<bool, ulong>(allowed);
        for (int i = 0; i < eights.Length; i++) eights[i] = Spread[mask[i]];
        for (int id = 8 * eights.Length; id < allowed.Length; id++) allowed[id] = (mask[id >> 3] >> (id & 7) & 1) != 0;
    }

    private byte[] MaskOf(MatchState state)
    {
        if (state.Mask is { } known) return known;
        var mask = new byte[(trie.VocabularySize + 7) / 8];
        Walk(state, mask);
        if (masked.Count == MostMasks) masked.Dequeue().Mask = null;
        masked.Enqueue(state);
        return state.Mask = mask;
    }

    // From top to bottom through the trie, leaving a branch where its bytes no longer fit.
    private void Walk(MatchState start, byte[] mask)
    {
        byte[] bytes = trie.Bytes;
        int[] depths = trie.Depths, ends = trie.Ends, tokens = trie.Tokens;
        path[0] = start;
        for (int node = 0; node < bytes.Length;)
        {
            int depth = depths[node];
            MatchState next = table.Step(path[depth]!, bytes[node]);
            if (next.IsDead && !next.IsComplete)
            {
                node = ends[node];
                continue;
            }

            path[depth + 1] = next;
            for (int token = tokens[node]; token >= 0; token = trie.NextWithSameBytes(token)) mask[token >> 3] |= (byte)(1 << (token & 7));
            node++;
        }
    }

    private static ulong SpreadOf(int bits)
    {
        Span<byte> booleans = stackalloc byte[8];
        for (int bit = 0; bit < 8; bit++) booleans[bit] = (byte)(bits >> bit & 1);
        return MemoryMarshal.Read<ulong>(booleans);
    }
}
