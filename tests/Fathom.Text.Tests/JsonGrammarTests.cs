using System.Text;
using System.Text.Json;
using Fathom.Text.Grammars;
using static Fathom.Text.Tests.GrammarTesting;

namespace Fathom.Text.Tests;

public sealed class JsonGrammarTests
{
    [Theory]
    [InlineData("{}")]
    [InlineData("{ }")]
    [InlineData("{\n}")]
    [InlineData("{\"a\":1}")]
    [InlineData("{ \"a\" : [ 1 , -2.5e+3, true ,false,null,{\"b\":\"c\"}] }")]
    [InlineData("{\"ä €😀\":\"\\u00e4\\ud83d\\ude00\\n\\\"\\/\"}")]
    [InlineData("{\"a\":0,\"a\":-0.5,\"\":\"\"}")]
    public void Any_object_is_accepted(string text) => Accepts(OutputGrammar.JsonObject(), text);

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{  }")]
    [InlineData("{\t}")]
    [InlineData(" {}")]
    [InlineData("{} ")]
    [InlineData("{\"a\":01}")]
    [InlineData("{\"a\":1.}")]
    [InlineData("{\"a\":.5}")]
    [InlineData("{\"a\":+1}")]
    [InlineData("{\"a\":1e400}")]
    [InlineData("{\"a\":1,}")]
    [InlineData("{\"a\":\"\n\"}")]
    [InlineData("{\"a\":\"\\x\"}")]
    [InlineData("{\"a\":\"\\ud83d\"}")]
    [InlineData("{\"a\":\"\\ude00\\ud83d\"}")]
    [InlineData("{\"a\":[1 2]}")]
    [InlineData("{a:1}")]
    public void What_is_no_object_is_refused(string text) => Refuses(OutputGrammar.JsonObject(), text);

    [Theory]
    [InlineData("80")]
    [InlineData("C080")]
    [InlineData("C1BF")]
    [InlineData("E08080")]
    [InlineData("E09FBF")]
    [InlineData("EDA080")]
    [InlineData("EDBFBF")]
    [InlineData("F08FBFBF")]
    [InlineData("F4908080")]
    [InlineData("F5808080")]
    [InlineData("C3")]
    [InlineData("00")]
    [InlineData("1F")]
    public void Strings_are_well_formed(string hex) =>
        Assert.False(Matches(OutputGrammar.JsonObject(), [.. "{\"a\":\""u8, .. Convert.FromHexString(hex), .. "\"}"u8]));

    [Theory]
    [InlineData("C280")]
    [InlineData("DFBF")]
    [InlineData("E0A080")]
    [InlineData("ED9FBF")]
    [InlineData("EE8080")]
    [InlineData("EFBFBF")]
    [InlineData("F0908080")]
    [InlineData("F48FBFBF")]
    [InlineData("7F")]
    public void Characters_at_the_limits_are_in(string hex) =>
        Assert.True(Matches(OutputGrammar.JsonObject(), [.. "{\"a\":\""u8, .. Convert.FromHexString(hex), .. "\"}"u8]));

    [Fact]
    public void Free_values_nest_32_deep_and_no_deeper()
    {
        string Nested(int depth) => "{\"a\":" + new string('[', depth) + new string(']', depth) + "}";
        Accepts(OutputGrammar.JsonObject(), Nested(31));
        Refuses(OutputGrammar.JsonObject(), Nested(32));
    }

    [Fact]
    public void A_complete_object_must_end_and_nothing_is_allowed_after_it()
    {
        var matcher = new GrammarMatcher(OutputGrammar.JsonObject(), Trie);
        Assert.False(matcher.CanEnd);
        Assert.True(matcher.Accept("{\"a\":\"b\""u8));
        Assert.False(matcher.CanEnd);
        Assert.False(matcher.Accept("]"u8));
        Assert.True(matcher.Accept("}"u8));
        Assert.True(matcher.CanEnd);
        Assert.True(matcher.MustEnd);
        Assert.False(matcher.Accept("}"u8));
        Assert.True(matcher.Accept([]));
        Assert.True(matcher.MustEnd);
        var allowed = new bool[Trie.VocabularySize];
        Array.Fill(allowed, true);
        matcher.Allow(allowed);
        Assert.DoesNotContain(true, allowed);
    }

    [Fact]
    public void A_refused_token_leaves_the_state_as_it_was()
    {
        var matcher = new GrammarMatcher(Schema("""{"enum":["abc","abd"]}"""), Trie);
        Assert.True(matcher.Accept("\"a"u8));
        Assert.False(matcher.Accept("bx"u8));
        Assert.True(matcher.Accept("bd\""u8));
        Assert.True(matcher.MustEnd);
    }

    [Fact]
    public void A_character_may_be_cut_between_tokens()
    {
        var matcher = new GrammarMatcher(OutputGrammar.JsonObject(), Trie);
        foreach (byte value in Encoding.UTF8.GetBytes("{\"😀\":\"€\"}")) Assert.True(matcher.Accept([value]));
        Assert.True(matcher.MustEnd);
    }

    [Fact]
    public void A_mask_of_another_length_is_an_error()
    {
        var matcher = new GrammarMatcher(OutputGrammar.JsonObject(), Trie);
        Assert.Throws<ArgumentException>(() => matcher.Allow(new bool[3]));
    }

    [Fact]
    public void Sampled_objects_are_parsed()
    {
        OutputGrammar grammar = OutputGrammar.JsonObject();
        var random = new Random(1);
        for (int i = 0; i < 300; i++)
        {
            using JsonDocument document = JsonDocument.Parse(Sample(grammar, random));
            Assert.Equal(JsonValueKind.Object, document.RootElement.ValueKind);
        }
    }

    [Fact]
    public void Threads_may_share_a_grammar()
    {
        OutputGrammar grammar = OutputGrammar.JsonObject();
        Parallel.For(0, 16, seed =>
        {
            using JsonDocument document = JsonDocument.Parse(Sample(grammar, new Random(seed)));
        });
    }

    [Fact]
    public void The_official_vocabulary_agrees_with_each_token_alone()
    {
        Tokenizer tokenizer = GoldenText.Tokenizer;
        var trie = new TokenTrie(tokenizer, id => !tokenizer.IsSpecial(id));
        OutputGrammar grammar = OutputGrammar.JsonObject();
        var matcher = new GrammarMatcher(grammar, trie);
        var allowed = new bool[tokenizer.VocabularySize];
        byte[] text = [];
        foreach (string more in (ReadOnlySpan<string>)["{", "\"", "na", "me\":", "[1", "2,", "\"€", "\"]", "}"])
        {
            text = [.. text, .. Encoding.UTF8.GetBytes(more)];
            Assert.True(matcher.Accept(Encoding.UTF8.GetBytes(more)));
            matcher.Allow(allowed);
            for (int id = 0; id < allowed.Length; id += 7)
            {
                var other = new GrammarMatcher(grammar, trie);
                Assert.True(other.Accept(text));
                bool fits = tokenizer.BytesOf(id).Length > 0 && !tokenizer.IsSpecial(id) && other.Accept(tokenizer.BytesOf(id));
                Assert.True(fits == allowed[id], $"After {Encoding.UTF8.GetString(text)}: token {id}");
            }
        }
    }
}
