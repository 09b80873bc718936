namespace Fathom.Text.Grammars;

/// <summary>
/// The tokens of a vocabulary as a trie over their bytes, laid out in the order of a walk from top to bottom, so that
/// a branch is left by a jump. Immutable; made once per tokenizer and shared.
/// </summary>
public sealed class TokenTrie
{
    private readonly int[] nextWithSameBytes;

    /// <summary>Arranges a vocabulary.</summary>
    /// <param name="tokenizer">Whose tokens.</param>
    /// <param name="isAllowed">Which ids may ever be part of an output, such as all but the end token. Ids without bytes never are.</param>
    public TokenTrie(Tokenizer tokenizer, Func<int, bool> isAllowed)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(isAllowed);
        VocabularySize = tokenizer.VocabularySize;
        nextWithSameBytes = new int[VocabularySize];
        int[] sorted = [.. Enumerable.Range(0, VocabularySize).Where(id => !tokenizer.BytesOf(id).IsEmpty && isAllowed(id))];
        Array.Sort(sorted, (x, y) => tokenizer.BytesOf(x).SequenceCompareTo(tokenizer.BytesOf(y)));
        var bytes = new List<byte>();
        var depths = new List<int>();
        var tokens = new List<int>();
        ReadOnlySpan<byte> before = [];
        foreach (int id in sorted)
        {
            ReadOnlySpan<byte> token = tokenizer.BytesOf(id);
            int shared = token.CommonPrefixLength(before);
            for (int depth = shared; depth < token.Length; depth++)
            {
                bytes.Add(token[depth]);
                depths.Add(depth);
                tokens.Add(-1);
            }

            // Tokens of equal bytes hang on one node as a list.
            nextWithSameBytes[id] = tokens[^1];
            tokens[^1] = id;
            before = token;
            LongestToken = Math.Max(LongestToken, token.Length);
        }

        (Bytes, Depths, Tokens) = ([.. bytes], [.. depths], [.. tokens]);
        Ends = BranchEnds(Depths);
    }

    /// <summary>One more than the highest token id.</summary>
    public int VocabularySize { get; }

    /// <summary>Bytes of the longest token.</summary>
    internal int LongestToken { get; }

    /// <summary>The byte of each node.</summary>
    internal byte[] Bytes { get; }

    /// <summary>How many bytes come before that of the node.</summary>
    internal int[] Depths { get; }

    /// <summary>Where the branch of each node ends: the next node that is not below it.</summary>
    internal int[] Ends { get; }

    /// <summary>A token that ends at each node, −1 for none.</summary>
    internal int[] Tokens { get; }

    /// <summary>Another token with the same bytes, or −1.</summary>
    internal int NextWithSameBytes(int token) => nextWithSameBytes[token];

    private static int[] BranchEnds(int[] depths)
    {
        var ends = new int[depths.Length];
        var open = new Stack<int>();
        for (int node = 0; node <= depths.Length; node++)
        {
            int depth = node < depths.Length ? depths[node] : 0;
            while (open.TryPeek(out int above) && depths[above] >= depth) ends[open.Pop()] = node;
            open.Push(node);
        }

        return ends;
    }
}
