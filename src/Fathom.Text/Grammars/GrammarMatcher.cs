namespace Fathom.Text.Grammars;

/// <summary>Follows one output through a grammar. One per output; not safe for threads, while grammar and trie may be shared.</summary>
public sealed class GrammarMatcher
{
    private readonly MaskCache cache;
    private readonly int vocabularySize;
    private MatchState state;

    /// <summary>A matcher for an output that is still empty.</summary>
    /// <param name="grammar">The form.</param>
    /// <param name="trie">The tokens that the output is made of.</param>
    public GrammarMatcher(OutputGrammar grammar, TokenTrie trie)
    {
        ArgumentNullException.ThrowIfNull(grammar);
        ArgumentNullException.ThrowIfNull(trie);
        cache = grammar.CacheFor(trie);
        vocabularySize = trie.VocabularySize;
        state = cache.Start;
    }

    /// <summary>Whether the output so far is complete.</summary>
    public bool CanEnd => state.IsComplete;

    /// <summary>Whether the output so far is complete and nothing may follow.</summary>
    public bool MustEnd => state.IsComplete && state.IsDead;

    /// <summary>Sets for every token whether its bytes may come next. The end token is the caller's: it goes by <see cref="CanEnd"/>.</summary>
    /// <param name="allowed">[vocabulary]: every element is set.</param>
    /// <exception cref="ArgumentException">The length is not the vocabulary's.</exception>
    /// <exception cref="GrammarException">The form is so ambiguous that its readings cannot be followed.</exception>
    public void Allow(Span<bool> allowed)
    {
        if (allowed.Length != vocabularySize)
            throw new ArgumentException($"The vocabulary has {vocabularySize} tokens, the mask has room for {allowed.Length}.", nameof(allowed));
        cache.Allow(state, allowed);
    }

    /// <summary>Takes in bytes of the output, of one token or of any text.</summary>
    /// <returns>False when they do not fit; the state is then as it was.</returns>
    /// <exception cref="GrammarException">As for <see cref="Allow"/>.</exception>
    public bool Accept(ReadOnlySpan<byte> bytes)
    {
        if (cache.Follow(state, bytes) is not { } next) return false;
        state = next;
        return true;
    }
}
