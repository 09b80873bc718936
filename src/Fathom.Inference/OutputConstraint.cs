using System.Text;
using Fathom.Text;
using Fathom.Text.Grammars;

namespace Fathom.Inference;

/// <summary>
/// The form that one answer must have, followed token by token. Several forms may be open at the same time (a reply in JSON, or calls of tools), until the answer decides.
/// Calls of tools that nobody demanded are only followed from where their markup begins.
/// </summary>
internal sealed class OutputConstraint
{
    private readonly Tokenizer tokenizer;
    private readonly TokenTrie trie;
    private readonly OutputGrammar? calls;
    private readonly List<GrammarMatcher> open;
    private bool[]? other;
    private bool isInCalls;

    /// <summary>A constraint for one answer.</summary>
    /// <param name="tokenizer">Gives the bytes of tokens.</param>
    /// <param name="trie">The tokens that an answer may hold.</param>
    /// <param name="forms">Forms of which the answer must have one; none for any text.</param>
    /// <param name="calls">The form of calls, once their markup has begun; null when there are no tools.</param>
    public OutputConstraint(Tokenizer tokenizer, TokenTrie trie, IEnumerable<OutputGrammar> forms, OutputGrammar? calls)
    {
        this.tokenizer = tokenizer;
        this.trie = trie;
        this.calls = calls;
        open = [.. forms.Select(form => new GrammarMatcher(form, trie))];
    }

    /// <summary>Whether some form is followed just now.</summary>
    public bool IsActive => open.Count > 0;

    /// <summary>Whether the answer may end here.</summary>
    public bool CanEnd => open.Count == 0 || open.Exists(matcher => matcher.CanEnd);

    /// <summary>Whether the answer is complete and nothing may follow.</summary>
    public bool MustEnd => open.Count > 0 && open.TrueForAll(matcher => matcher.MustEnd);

    /// <summary>Marks the tokens that may come next, [vocabulary]; every element is set.</summary>
    public void Allow(Span<bool> allowed)
    {
        open[0].Allow(allowed);
        for (int i = 1; i < open.Count; i++)
        {
            other ??= new bool[allowed.Length];
            open[i].Allow(other);
            for (int id = 0; id < allowed.Length; id++) allowed[id] |= other[id];
        }
    }

    /// <summary>Goes on by a token; forms that do not fit are closed.</summary>
    /// <param name="token">The token.</param>
    /// <param name="block">The text of the block of calls that has begun, as far as it goes; null outside of one.</param>
    public void Accept(int token, string? block)
    {
        if (open.Count > 0) open.RemoveAll(matcher => !matcher.Accept(tokenizer.BytesOf(token)));
        else if (!isInCalls && block is not null && calls is not null) Follow(block);
    }

    // Markup that began in another way than the grammar has it is left to the parser, which is patient.
    private void Follow(string block)
    {
        isInCalls = true;
        var matcher = new GrammarMatcher(calls!, trie);
        if (matcher.Accept(Encoding.UTF8.GetBytes("\n\n" + block))) open.Add(matcher);
    }
}
