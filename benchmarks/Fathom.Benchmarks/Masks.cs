using System.Diagnostics;
using System.Text.Json;
using Fathom.Inference;
using Fathom.Text;
using Fathom.Text.Grammars;

namespace Fathom.Benchmarks;

/// <summary>What a form of reply costs for each token: masks over V4's vocabulary while replies are drawn at random, beside what picking a token costs without a form.</summary>
internal static class Masks
{
    private const int Replies = 40, LongestReply = 300;

    private const string Schema = """
        {"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer","minimum":0,"maximum":150},"mail":{"type":"string","format":"email"},
         "tags":{"type":"array","items":{"enum":["red","green","blue"]},"maxItems":5},"address":{"$ref":"#/$defs/address"},"notes":{"type":["string","null"],"maxLength":200}},
         "required":["name","age","tags","address"],"additionalProperties":false,
         "$defs":{"address":{"type":"object","properties":{"street":{"type":"string"},"zip":{"type":"string","pattern":"^[0-9]{5}$"}},"required":["street","zip"]}}}
        """;

    public static void Run()
    {
        Tokenizer tokenizer = Tokenizer.Load(RepositoryFiles.PathOf("models", "deepseek-v4", "tokenizer.json"));
        long start = Stopwatch.GetTimestamp();
        var trie = new TokenTrie(tokenizer, id => !tokenizer.IsAdded(id));
        Print($"trie of {tokenizer.VocabularySize:n0} tokens: {Stopwatch.GetElapsedTime(start).TotalMilliseconds:f0} ms, once for each tokenizer");
        start = Stopwatch.GetTimestamp();
        OutputGrammar grammar = OutputGrammar.FromJsonSchema(JsonDocument.Parse(Schema).RootElement, isStrict: true);
        Print($"grammar of the schema: {Stopwatch.GetElapsedTime(start).TotalMilliseconds:f1} ms, once for each schema");

        double plain = PlainMicroseconds(tokenizer.VocabularySize);
        foreach (string round in (string[])["first 40 replies", "next 40 replies"])
        {
            double[] times = Draw(grammar, trie, tokenizer);
            Array.Sort(times);
            Print($"{round}: {times.Length} tokens, mask {times.Average():f1} us on average, median {times[times.Length / 2]:f1}, 99 of 100 below {times[times.Length * 99 / 100]:f0}, longest {times[^1]:f0}; {times.Average() / plain:f2} times the {plain:f0} us of picking a token");
        }
    }

    private static double[] Draw(OutputGrammar grammar, TokenTrie trie, Tokenizer tokenizer)
    {
        var random = new Random(1);
        var allowed = new bool[tokenizer.VocabularySize];
        var times = new List<double>();
        for (int reply = 0; reply < Replies; reply++)
        {
            var matcher = new GrammarMatcher(grammar, trie);
            for (int length = 0; length < LongestReply && !matcher.MustEnd; length++)
            {
                long start = Stopwatch.GetTimestamp();
                matcher.Allow(allowed);
                times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);

                // A token at random, short ones rather, so that replies come to an end.
                int[] choices = [.. Enumerable.Range(0, allowed.Length).Where(id => allowed[id])];
                int token = Enumerable.Range(0, 6).Select(_ => choices[random.Next(choices.Length)]).MinBy(id => tokenizer.BytesOf(id).Length);
                int quote = Array.Find(choices, id => tokenizer.BytesOf(id) is [(byte)'"', ..]);
                matcher.Accept(tokenizer.BytesOf(length % 7 == 6 && quote != 0 ? quote : token));
            }
        }

        return [.. times];
    }

    private static double PlainMicroseconds(int vocabulary)
    {
        var sampler = new Sampler(new SamplingOptions { Seed = 1 });
        var random = new Random(2);
        float[] logits = [.. Enumerable.Range(0, vocabulary).Select(_ => (float)random.NextDouble() * 10)];
        var times = new double[60];
        for (int i = 0; i < times.Length; i++)
        {
            long start = Stopwatch.GetTimestamp();
            sampler.Sample(logits);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }

        Array.Sort(times);
        return times[times.Length / 2];
    }

    private static void Print(FormattableString text) => Console.Out.WriteLine(FormattableString.Invariant(text));
}
