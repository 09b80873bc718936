using Fathom.Text.Grammars;
using static Fathom.Text.Tests.GrammarTesting;

namespace Fathom.Text.Tests;

public sealed class GbnfGrammarTests
{
    [Fact]
    public void Rules_literals_classes_groups_and_repetitions()
    {
        OutputGrammar grammar = OutputGrammar.FromGbnf("""
            # a list of moves
            root ::= (move " ")* move "!"? # the end
            move ::= [a-h] [1-8]{1,2} |
                     "O-O" ("-O")? | special-move
            special-move
              ::= "\x41\u00e4\t\"" [^a-z\]\-]+
                | "n"{2} | "m"{,2} "M" | "k"{2,}

            """);
        Accepts(grammar, "a1", "a1 b22!", "O-O O-O-O", "Aä\t\"XY", "nn", "M", "mmM", "kkk", "Aä\t\"é 😀");
        Refuses(grammar, "", "a", "i1", "a1  b2", "n", "nnn", "mmmM", "k", "Aä\t\"-", "Aä\t\"", "Aä\t\"]");
    }

    [Fact]
    public void Recursion_in_the_middle_and_to_the_right_is_followed()
    {
        OutputGrammar grammar = OutputGrammar.FromGbnf("root ::= list | \"(\" root \")\"\nlist ::= \"x\" | \"x,\" list");
        Accepts(grammar, "x", "((x,x))", new string('(', 3000) + "x" + new string(')', 3000), string.Concat(Enumerable.Repeat("x,", 5000)) + "x");
        Refuses(grammar, "((x)", "(x))", "x,");
    }

    [Fact]
    public void Ambiguous_recursion_stays_small()
    {
        Accepts(OutputGrammar.FromGbnf("root ::= \"x\" root \"a\" | \"x\" root \"b\" | \"c\""), new string('x', 100) + "c" + string.Concat(Enumerable.Repeat("ab", 50)));
        Accepts(OutputGrammar.FromGbnf("root ::= \"x\" root root | \"x\""), new string('x', 101));
        Accepts(OutputGrammar.FromGbnf("root ::= a a a a\na ::= b*\nb ::= \"x\" | \"xx\" | b2\nb2 ::= \"x\"?"), new string('x', 200), "");
    }

    [Fact]
    public void Empty_rules_are_followed_wherever_they_stand()
    {
        OutputGrammar grammar = OutputGrammar.FromGbnf("root ::= e a e b e\ne ::= \"\" | e2\ne2 ::= e3?\ne3 ::= \"-\" e\na ::= (e \"a\" e){2,90}\nb ::= (e){3} \"b\"");
        Accepts(grammar, "aab", "-a--a-b---", "a-a-a-b");
        Refuses(grammar, "ab", "aa", "aabb");
    }

    [Theory]
    [InlineData("root ::= root \"a\" | \"a\"", "left recursion")]
    [InlineData("root ::= a\na ::= b? a \"x\" | \"y\"\nb ::= \"z\"", "left recursion")]
    [InlineData("root ::= (root)* \"a\"", "left recursion")]
    [InlineData("root ::= root", "without an end")]
    [InlineData("root ::= \"a\" root", "without an end")]
    [InlineData("root ::= missing", "missing")]
    [InlineData("other ::= \"a\"", "named root")]
    [InlineData("", "named root")]
    [InlineData("root ::= \"a\"\nroot ::= \"b\"", "second time")]
    [InlineData("root ::= \"a", "ends too early")]
    [InlineData("root ::= [a", "ends too early")]
    [InlineData("root ::= (\"a\"", "missing")]
    [InlineData("root ::= \"a\"{x}", "repetition")]
    [InlineData("root ::= <token>", "begins no literal")]
    [InlineData("root = \"a\"", "::=")]
    [InlineData("root ::= []", "empty")]
    public void A_broken_grammar_is_refused_with_a_reason(string grammar, string reason) =>
        Assert.Contains(reason, Refusal(() => OutputGrammar.FromGbnf(grammar)), StringComparison.Ordinal);

    [Fact]
    public void A_long_chain_of_rules_does_not_exhaust_the_stack()
    {
        string grammar = "root ::= r0\n" + string.Concat(Enumerable.Range(0, 30_000).Select(i => $"r{i} ::= r{i + 1}?\n")) + "r30000 ::= \"x\"";
        Accepts(OutputGrammar.FromGbnf(grammar), "x", "");
    }

    [Fact]
    public void A_mask_is_what_each_token_alone_would_say()
    {
        OutputGrammar grammar = OutputGrammar.FromGbnf("root ::= s s? | e\ns ::= \"the \" n s | n \".\" | \"(\" s \")\"\nn ::= [a-z]{1,100} \" \" | \"I\" e\ne ::= \"\" | [ ,]* e2\ne2 ::= \"!\"?");
        var allowed = new bool[Trie.VocabularySize];
        var random = new Random(3);
        for (int run = 0; run < 10; run++)
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
                    Assert.Equal(!SmallTokenizer.IsSpecial(id) && SmallTokenizer.BytesOf(id).Length > 0 && other.Accept(SmallTokenizer.BytesOf(id)), allowed[id]);
                    if (allowed[id]) fitting.Add(id);
                }

                if (fitting.Count == 0) break;
                text = [.. text, .. SmallTokenizer.BytesOf(fitting[random.Next(fitting.Count)])];
            }
        }
    }
}
