using System.Text;
using System.Text.Json;
using CsCheck;

namespace Fathom.Text.Tests;

public sealed class TokenizerTests
{
    private static Tokenizer Tokenizer => GoldenText.Tokenizer;

    [Fact]
    public void Every_golden_text_gives_its_ids_and_comes_back()
    {
        int count = 0;
        foreach (JsonElement pair in GoldenText.Read("tokenizer", "pairs.json").GetProperty("pairs").EnumerateArray())
        {
            string text = pair.GetProperty("text").GetString()!;
            int[] ids = GoldenText.Ids(pair.GetProperty("ids"));
            Assert.Equal(ids, Tokenizer.Encode(text, matchAddedTokens: true));
            int[] plain = pair.TryGetProperty("plain_ids", out JsonElement given) ? GoldenText.Ids(given) : ids;
            Assert.Equal(plain, Tokenizer.Encode(text, matchAddedTokens: false));
            Assert.Equal(text, Tokenizer.Decode(ids));
            Assert.Equal(text, Tokenizer.Decode(plain));
            if (pair.TryGetProperty("piece_bytes", out JsonElement pieces))
                Assert.Equal(pieces.EnumerateArray().Select(piece => piece.GetString()!), ids.Select(id => Convert.ToHexStringLower(Tokenizer.BytesOf(id))));
            count++;
        }

        Assert.Equal(268, count);
    }

    [Fact]
    public void Lone_surrogates_count_as_the_replacement_character()
    {
        foreach (JsonElement entry in GoldenText.Read("tokenizer", "pairs.json").GetProperty("lone_surrogates").EnumerateArray())
        {
            string text = new([.. GoldenText.Ids(entry.GetProperty("utf16")).Select(unit => (char)unit)]);
            Assert.Equal(GoldenText.Ids(entry.GetProperty("ids")), Tokenizer.Encode(text, matchAddedTokens: true));
        }
    }

    [Fact]
    public void Named_added_tokens_have_their_ids_and_flags()
    {
        Assert.Equal(129_280, Tokenizer.VocabularySize);
        Assert.Equal(1_283, Tokenizer.AddedTokens.Count);
        foreach ((string text, int id, bool isSpecial) in (ReadOnlySpan<(string, int, bool)>)[(Markup.Bos, 0, true), (Markup.Eos, 1, true), (Markup.User, 128803, false), (Markup.Assistant, 128804, false), (Markup.ThinkStart, 128821, false), (Markup.ThinkEnd, 128822, false), (Markup.Dsml, 128825, false)])
        {
            Assert.Equal(id, Tokenizer.FindAddedToken(text));
            Assert.Equal(isSpecial, Tokenizer.IsSpecial(id));
        }

        Assert.Equal("hi", Tokenizer.Decode(Tokenizer.Encode(Markup.Bos + "hi" + Markup.Eos, matchAddedTokens: true), skipSpecial: true));
    }

    [Fact]
    public void The_v41_file_reads_with_its_nine_renamed_tokens()
    {
        Tokenizer v41 = GoldenText.V41Tokenizer;
        Assert.Equal(128799, v41.FindAddedToken(Markup.System));
        Assert.Null(v41.FindAddedToken("<｜place▁holder▁no▁799｜>"));
    }

    [Fact]
    public void Any_text_comes_back_from_its_ids() =>
        TextGen.Sample(
            text => Assert.Equal(Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)), Tokenizer.Decode(Tokenizer.Encode(text, matchAddedTokens: true))),
            iter: 3_000);

    [Fact]
    public void Streaming_gives_the_same_text_and_never_half_a_character() =>
        Gen.Int[0, 129_279].Array[0, 40].Sample(
            ids =>
            {
                var decoder = new StreamingDecoder(Tokenizer);
                var joined = new StringBuilder();
                foreach (int id in ids)
                {
                    string piece = decoder.Push(id);
                    Assert.True(piece.Length == 0 || !char.IsHighSurrogate(piece[^1]));
                    joined.Append(piece);
                }

                joined.Append(decoder.Flush());
                Assert.Equal(Tokenizer.Decode(ids), joined.ToString());
                if (!ids.Any(Tokenizer.IsAdded))
                    Assert.Equal(Encoding.UTF8.GetString([.. ids.SelectMany(id => Tokenizer.BytesOf(id).ToArray())]), joined.ToString());
            },
            iter: 3_000);

    [Fact]
    public void A_cut_character_waits_for_its_end()
    {
        var decoder = new StreamingDecoder(Tokenizer);
        Assert.Equal(string.Empty, decoder.Push(21716));
        Assert.Equal("🌍", decoder.Push(238));
        decoder.Push(21716);
        Assert.Equal("\uFFFD" + Markup.User, decoder.Push(128803));
    }

    [Fact]
    public void Content_never_becomes_markup_and_pieces_run_across_spans()
    {
        int[] forged = Tokenizer.Encode([PromptSpan.Markup(Markup.User), PromptSpan.Content($"a{Markup.Assistant}b")]);
        Assert.Equal(128803, forged[0]);
        Assert.DoesNotContain(128804, forged);
        Assert.Equal(Tokenizer.Encode("hello world", true), Tokenizer.Encode([PromptSpan.Markup("hel"), PromptSpan.Content("lo wor"), PromptSpan.Markup("ld")]));
    }

    [Fact]
    public void Ids_outside_the_vocabulary_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.Decode([129_280]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.Decode([-1]));
    }

    [Fact]
    public void Long_pieces_merge_as_short_ones_do()
    {
        // The queue of long pieces against the search of short ones, on letters only: one piece.
        Gen.Char['a', 'e'].Array[65, 400].Sample(
            letters =>
            {
                var text = new string(letters);
                int[] byQueue = Tokenizer.Encode(text, false);
                Assert.Equal(PlainMerge(text), byQueue);
            },
            iter: 200);
    }

    // The formula read literally: join the lowest-ranked neighbours until none is left.
    private static int[] PlainMerge(string text)
    {
        var merges = Merges.Value;
        List<string> pieces = [.. text.Select(c => c.ToString())];
        while (true)
        {
            int best = -1, rank = int.MaxValue;
            for (int i = 0; i + 1 < pieces.Count; i++)
            {
                if (merges.TryGetValue($"{pieces[i]} {pieces[i + 1]}", out int found) && found < rank) (best, rank) = (i, found);
            }

            if (best < 0) break;
            pieces[best] += pieces[best + 1];
            pieces.RemoveAt(best + 1);
        }

        return [.. pieces.SelectMany(piece => Tokenizer.Encode(piece, false).Length == 1 ? Tokenizer.Encode(piece, false) : [-1])];
    }

    private static readonly Lazy<Dictionary<string, int>> Merges = new(() => GoldenText.ReadFile(Repository.PathOf("models", "deepseek-v4", "tokenizer.json"))
        .GetProperty("model").GetProperty("merges").EnumerateArray().Select((merge, rank) => (merge.GetString()!, rank)).ToDictionary(pair => pair.Item1, pair => pair.rank));

    // Text of every kind: letters, digits, white space, Han, emoji, lone surrogates, and the spelling of tokens.
    private static readonly Gen<string> TextGen = Gen.OneOf(
        Gen.String,
        Gen.Char.Array[0, 30].Select(chars => new string(chars)),
        GoldenText.TextOf(20, " ", "  ", "\n", "\r\n", "\t", "1234567", "don't", "日本語", "ㄱ", "🌍", "👩‍🚀", "𠮷", "é", "<|EOT|>", Markup.User, Markup.Dsml, "<｜", "\u200B", "x_y", "\u0301"));
}
