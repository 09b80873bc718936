using CsCheck;

namespace Fathom.Inference.Tests;

public sealed class StopMatcherTests
{
    [Fact]
    public void A_stop_text_is_found_across_pieces_and_nothing_of_it_comes_out()
    {
        var matcher = new StopMatcher(["END", "\n\n"]);
        Assert.Equal("a", matcher.Push("aE"));
        Assert.Equal("E", matcher.Push("EN"));
        Assert.Equal(string.Empty, matcher.Push("D rest"));
        Assert.Equal("END", matcher.Found);
        Assert.Equal(string.Empty, matcher.Push("more"));
    }

    [Fact]
    public void What_only_began_like_a_stop_text_comes_out_at_the_end()
    {
        var matcher = new StopMatcher(["abc"]);
        Assert.Equal("x", matcher.Push("xab"));
        Assert.Equal("ab", matcher.Flush());
        Assert.Null(matcher.Found);
    }

    [Fact]
    public void Any_cutting_gives_the_same_text() =>
        Gen.Select(Gen.Char['a', 'c'].Array[0, 40], Gen.Char['a', 'c'].Array[1, 4].Array[1, 3], Gen.Int[1, 5].Array[1, 10]).Sample(
            (letters, stops, lengths) =>
            {
                string text = new(letters);
                string[] stopTexts = [.. stops.Select(stop => new string(stop))];
                int first = stopTexts.Select(stop => text.IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0).DefaultIfEmpty(text.Length).Min();
                var matcher = new StopMatcher(stopTexts);
                string joined = string.Empty;
                for (int at = 0, i = 0; at < text.Length && matcher.Found is null; i++)
                {
                    int length = Math.Min(lengths[i % lengths.Length], text.Length - at);
                    joined += matcher.Push(text.Substring(at, length));
                    at += length;
                }

                joined += matcher.Flush();

                // A longer stop text that ends earlier in the stream may be found first: never later than the first one's end.
                Assert.StartsWith(joined, text, StringComparison.Ordinal);
                if (stopTexts.Length == 1) Assert.Equal(text[..first], joined);
                Assert.Equal(first < text.Length || stopTexts.Any(stop => text.Contains(stop, StringComparison.Ordinal)), matcher.Found is not null);
            },
            iter: 2_000);
}
