using Fathom.Text;

namespace Fathom.Inference;

/// <summary>Which tokens an answer may hold and which end it (chat specification, section 5).</summary>
internal sealed class TokenRules
{
    private TokenRules(bool[] forbidden, HashSet<int> stops, int? thinkEnd)
    {
        Forbidden = forbidden;
        Stops = stops;
        ThinkEnd = thinkEnd;
    }

    /// <summary>By token id, [vocabulary].</summary>
    public bool[] Forbidden { get; }

    /// <summary>Tokens that end an answer and are not part of it.</summary>
    public HashSet<int> Stops { get; }

    /// <summary>The token that ends the reasoning; null where the vocabulary has none.</summary>
    public int? ThinkEnd { get; }

    /// <summary>A chat: of the added tokens only those that belong into an answer; role markers end it.</summary>
    public static TokenRules ForChat(Tokenizer tokenizer, int vocabulary, bool hasTools)
    {
        HashSet<int> stops = Find(tokenizer, Markup.Eos, Markup.Bos, Markup.User, Markup.Assistant, Markup.System);
        HashSet<int> allowed = Find(tokenizer, Markup.ThinkStart, Markup.ThinkEnd);
        if (hasTools) allowed.UnionWith(Find(tokenizer, Markup.Dsml));
        bool[] forbidden = WithoutText(tokenizer, vocabulary);
        foreach (AddedToken token in tokenizer.AddedTokens)
        {
            if (token.Id < vocabulary && !stops.Contains(token.Id) && !allowed.Contains(token.Id)) forbidden[token.Id] = true;
        }

        return new TokenRules(forbidden, stops, tokenizer.FindAddedToken(Markup.ThinkEnd));
    }

    /// <summary>Plain continuation of text: only the end token ends it.</summary>
    public static TokenRules ForText(Tokenizer tokenizer, int vocabulary) => new(WithoutText(tokenizer, vocabulary), Find(tokenizer, Markup.Eos), null);

    // A model may have more rows than its tokenizer has tokens.
    private static bool[] WithoutText(Tokenizer tokenizer, int vocabulary)
    {
        var forbidden = new bool[vocabulary];
        for (int id = 0; id < vocabulary; id++) forbidden[id] = id >= tokenizer.VocabularySize || tokenizer.BytesOf(id).IsEmpty;
        return forbidden;
    }

    private static HashSet<int> Find(Tokenizer tokenizer, params ReadOnlySpan<string> tokens)
    {
        var found = new HashSet<int>();
        foreach (string token in tokens)
        {
            if (tokenizer.FindAddedToken(token) is { } id) found.Add(id);
        }

        return found;
    }
}
