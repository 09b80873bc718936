using System.Text;
using System.Text.Json;
using Fathom.Text.Grammars;

namespace Fathom.Text.Tests;

/// <summary>What the tests of grammars share: small vocabularies, and following texts and random walks through a grammar.</summary>
internal static class GrammarTesting
{
    private static readonly Lazy<Tokenizer> Small = new(() => Tokenizer.Load(Repository.PathOf("models", "builtin", "tokenizer.json")));

    private static readonly Lazy<TokenTrie> SmallTrie = new(() => new TokenTrie(SmallTokenizer, id => !SmallTokenizer.IsSpecial(id)));

    // For the patterns of random schemas: what they want to see before the quotation mark.
    private static readonly string[] StringEnds = ["\"", "1\"", "x\"", "a@a\"", "b\"", "\\\"\"", "foo\""];

    public static Tokenizer SmallTokenizer => Small.Value;

    public static TokenTrie Trie => SmallTrie.Value;

    public static JsonElement Json(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    public static OutputGrammar Schema(string schema) => OutputGrammar.FromJsonSchema(Json(schema), isStrict: true);

    public static bool Matches(OutputGrammar grammar, string text) => Matches(grammar, Encoding.UTF8.GetBytes(text));

    public static bool Matches(OutputGrammar grammar, ReadOnlySpan<byte> bytes)
    {
        var matcher = new GrammarMatcher(grammar, Trie);
        return matcher.Accept(bytes) && matcher.CanEnd;
    }

    public static void Accepts(OutputGrammar grammar, params string[] texts)
    {
        foreach (string text in texts) Assert.True(Matches(grammar, text), $"The grammar refuses {text}");
    }

    public static void Refuses(OutputGrammar grammar, params string[] texts)
    {
        foreach (string text in texts) Assert.False(Matches(grammar, text), $"The grammar accepts {text}");
    }

    public static string Refusal(Func<OutputGrammar> make) => Assert.Throws<GrammarException>(make).Message;

    /// <summary>A random output, token by token; the longer it gets, the more often the token that closes something is taken.</summary>
    public static string Sample(OutputGrammar grammar, Random random, int longBytes = 60)
    {
        var matcher = new GrammarMatcher(grammar, Trie);
        var allowed = new bool[Trie.VocabularySize];
        var text = new List<byte>();
        var choices = new List<int>();
        while (!matcher.MustEnd)
        {
            if (matcher.CanEnd && random.Next(text.Count > longBytes ? 1 : 4) == 0) break;
            matcher.Allow(allowed);
            choices.Clear();
            for (int id = 0; id < allowed.Length; id++)
            {
                if (allowed[id]) choices.Add(id);
            }

            Assert.NotEmpty(choices);
            byte[] next = SmallTokenizer.BytesOf(choices[random.Next(choices.Count)]).ToArray();
            if (text.Count > longBytes && random.Next(20) > 0) next = Closing(grammar, text, allowed) ?? next;
            Assert.True(matcher.Accept(next));
            text.AddRange(next);
            Assert.True(text.Count < 20_000, Encoding.UTF8.GetString([.. text]));
        }

        Assert.True(matcher.CanEnd);
        return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString([.. text]);
    }

    // What closes the innermost open thing, if anything can. Where a brace, a bracket and a letter may all come, there is a string.
    private static byte[]? Closing(OutputGrammar grammar, List<byte> text, bool[] allowed)
    {
        bool Fits(string one) => Enumerable.Range(0, allowed.Length).Any(id => allowed[id] && SmallTokenizer.BytesOf(id).SequenceEqual(Encoding.UTF8.GetBytes(one)));
        bool isString = Fits("}") && Fits("]") && Fits("a");
        string[] tags = text[0] == '\n' ? [$"</{Markup.Dsml}parameter>", $"</{Markup.Dsml} parameter>", $"\n</{Markup.Dsml}invoke>\n</{Markup.Dsml}tool_calls>", $"\n</{Markup.Dsml} invoke>\n</{Markup.Dsml} calls>"] : [];
        foreach (string closing in (string[])[.. tags, .. isString ? StringEnds : ["}", "]"]])
        {
            var matcher = new GrammarMatcher(grammar, Trie);
            Assert.True(matcher.Accept([.. text]));
            if (matcher.Accept(Encoding.UTF8.GetBytes(closing))) return Encoding.UTF8.GetBytes(closing);
        }

        return null;
    }
}
