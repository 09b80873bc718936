using Fathom.Text.Grammars;
using static Fathom.Text.Tests.GrammarTesting;

namespace Fathom.Text.Tests;

public sealed class RegexGrammarTests
{
    [Theory]
    [InlineData("abc", "abc", "ab|abcd|xabc")]
    [InlineData("a|bc|", "a|bc|", "ab|abc")]
    [InlineData("[a-c]+x*", "a|abc|cx|axxx", "|x|ad")]
    [InlineData("^a{2,3}$", "aa|aaa", "a|aaaa")]
    [InlineData("(ab){2}", "abab", "ab|ababab")]
    [InlineData("a{0}b", "b", "ab")]
    [InlineData("(a{2,}){2,}", "aaaa|aaaaa|aaaaaaa", "aaa|aa|")]
    [InlineData("(a?b?){3}", "|a|ab|ba|ababab|bbb", "bbbb|abababa")]
    [InlineData("(a*)*b", "b|aab", "a|")]
    [InlineData("(?:x|y)(?<name>z)", "xz|yz", "x|z")]
    [InlineData("\\d\\w\\s", "1a |9_\t", "a1 |1-\t")]
    [InlineData("\\D\\W\\S", "a-a|é!x", "1aa|a a ")]
    [InlineData("[^a-z]", "A|é|😀|\n", "a|z|AA")]
    [InlineData("[\\d.\\-]+", "1.2-3|.", "a|")]
    [InlineData("[a-]b", "ab|-b", "b")]
    [InlineData("\\u00e4\\x41\\u{1F600}\\ud83d\\ude00", "äA😀😀", "aA😀😀")]
    [InlineData(".+", "a|é😀", "\n|")]
    [InlineData("\\.\\*\\/\\^", ".*/^", "a*/^")]
    [InlineData("a*?b+?", "b|aab", "a")]
    [InlineData("x{a}", "x{a}", "x|xa")]
    [InlineData("^(foo|ba[rz])$", "foo|bar|baz", "ba|food")]
    [InlineData("^a$|^b$", "a|b", "ab")]
    public void A_pattern_matches_as_a_whole(string pattern, string accepted, string refused)
    {
        OutputGrammar grammar = OutputGrammar.FromRegex(pattern);
        Accepts(grammar, accepted.Split('|'));
        Refuses(grammar, refused.Split('|'));
    }

    [Theory]
    [InlineData("(a", "\")\" is missing")]
    [InlineData("a)", "closing parenthesis")]
    [InlineData("[a", "closing bracket")]
    [InlineData("[z-a]", "backwards")]
    [InlineData("*", "nothing to repeat")]
    [InlineData("a{3,2}", "impossible")]
    [InlineData("a{99999999999}", "too many")]
    [InlineData("(?=a)", "look-around")]
    [InlineData("(?<!a)b", "look-around")]
    [InlineData("(a)\\1", "back-references")]
    [InlineData("\\bword", "word boundaries")]
    [InlineData("\\p{L}", "not supported")]
    [InlineData("a^b", "anchor")]
    [InlineData("\\ud800", "no character")]
    [InlineData("a**", "repeated")]
    [InlineData("[^\\s\\S]", "empty")]
    [InlineData("\\", "ends too early")]
    public void A_broken_pattern_is_refused_with_a_reason(string pattern, string reason) =>
        Assert.Contains(reason, Refusal(() => OutputGrammar.FromRegex(pattern)), StringComparison.Ordinal);

    [Fact]
    public void Deep_groups_are_refused() => Assert.Contains("nested", Refusal(() => OutputGrammar.FromRegex(new string('(', 100_000))), StringComparison.Ordinal);

    [Fact]
    public void Large_counts_cost_nothing()
    {
        OutputGrammar grammar = OutputGrammar.FromRegex("([a-z]{2}){3,1000000000}x");
        Accepts(grammar, "abcdefx", new string('a', 5000) + "x");
        Refuses(grammar, "abcdx", "abcdefgx");
    }

    [Fact]
    public void Nested_repetitions_do_not_double()
    {
        string Nested(string sign) => new string('(', 150) + "a" + string.Concat(Enumerable.Repeat($"){sign}", 150));
        Accepts(OutputGrammar.FromRegex(Nested("+")), "a", "aaaa");
        Accepts(OutputGrammar.FromRegex($"({Nested("*")}){{2,1000}}"), "", "aaaa");
        Accepts(OutputGrammar.FromRegex(Nested("?") + "b"), "b", "ab");
        Refuses(OutputGrammar.FromRegex(Nested("+")), "", "ab");
    }

    [Fact]
    public void A_pattern_too_large_is_refused() =>
        Assert.Contains("too large", Refusal(() => OutputGrammar.FromRegex(string.Concat(Enumerable.Repeat("abcdefghij", 30_000)))), StringComparison.Ordinal);

    [Fact]
    public void An_ambiguous_pattern_is_followed_or_refused_but_never_hangs()
    {
        Accepts(OutputGrammar.FromRegex("(a|aa|a*)*(a|a)*b"), new string('a', 2000) + "b");
        try
        {
            Accepts(OutputGrammar.FromRegex("((a{1,1000}){1,1000}){1,1000}b"), new string('a', 60) + "b");
        }
        catch (GrammarException exception)
        {
            Assert.Contains("too many ways", exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Choices_are_exact()
    {
        OutputGrammar grammar = OutputGrammar.FromChoices(["yes", "yesterday", "nö", ""]);
        Accepts(grammar, "yes", "yesterday", "nö", "");
        Refuses(grammar, "yest", "no");
        Assert.Contains("empty", Refusal(() => OutputGrammar.FromChoices([])), StringComparison.Ordinal);
        var matcher = new GrammarMatcher(grammar, Trie);
        Assert.True(matcher.CanEnd && !matcher.MustEnd);
        Assert.True(matcher.Accept("yes"u8) && matcher.CanEnd && !matcher.MustEnd);
        Assert.True(matcher.Accept("terday"u8) && matcher.MustEnd);
    }

    [Fact]
    public void A_mask_is_what_each_token_alone_would_say()
    {
        string[] patterns = ["([a-e]{2,70}|the [^x]*)+z", "(a|b|the |ing){0,1000}end", "[a-z]{3,300}\\d{1,2}", "(a?b?c?){5,90}x*", "\\w+(, \\w+)*\\."];
        var random = new Random(5);
        var allowed = new bool[Trie.VocabularySize];
        foreach (OutputGrammar grammar in patterns.Select(OutputGrammar.FromRegex))
        {
            for (int run = 0; run < 6; run++)
            {
                byte[] text = [];
                for (int step = 0; step < 25; step++)
                {
                    var matcher = new GrammarMatcher(grammar, Trie);
                    Assert.True(matcher.Accept(text));
                    matcher.Allow(allowed);
                    var fitting = new List<int>();
                    for (int id = 0; id < allowed.Length; id++)
                    {
                        var other = new GrammarMatcher(grammar, Trie);
                        Assert.True(other.Accept(text));
                        bool fits = !SmallTokenizer.IsSpecial(id) && SmallTokenizer.BytesOf(id).Length > 0 && other.Accept(SmallTokenizer.BytesOf(id));
                        Assert.Equal(fits, allowed[id]);
                        if (fits) fitting.Add(id);
                    }

                    if (fitting.Count == 0) break;
                    text = [.. text, .. SmallTokenizer.BytesOf(fitting[random.Next(fitting.Count)])];
                }
            }
        }
    }
}
