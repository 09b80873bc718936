using CsCheck;

namespace Fathom.Inference.Tests;

public sealed class SamplerTests
{
    private static readonly Gen<float[]> LogitsGen = Gen.Int[-800, 800].Select(hundredths => hundredths / 100f).Array[2, 60];

    [Fact]
    public void Temperature_zero_takes_the_most_likely_and_the_lower_id_of_equals()
    {
        var sampler = new Sampler(new SamplingOptions { Temperature = 0 });
        Assert.Equal(1, sampler.Sample([0f, 3f, 3f, 1f]));
        Assert.Equal(0, sampler.Sample([-2f, -3f, -2f]));
    }

    [Fact]
    public void The_same_seed_gives_the_same_tokens_and_another_seed_others()
    {
        int[] Draw(long seed)
        {
            var sampler = new Sampler(new SamplingOptions { Seed = seed });
            return [.. Enumerable.Range(0, 40).Select(_ => sampler.Sample(new float[100]))];
        }

        Assert.Equal(Draw(7), Draw(7));
        Assert.NotEqual(Draw(7), Draw(8));
    }

    [Fact]
    public void Tokens_come_as_often_as_their_probabilities_say()
    {
        float[] logits = [0f, 1f, 2f, -1f];
        double[] expected = Softmax(logits, 0.7);
        foreach (SamplingOptions options in (SamplingOptions[])[new() { Temperature = 0.7f, Seed = 3 }, new() { Temperature = 0.7f, Seed = 3, TopK = 4 }])
        {
            var sampler = new Sampler(options);
            var counts = new int[4];
            const int Draws = 200_000;
            for (int i = 0; i < Draws; i++) counts[sampler.Sample(logits)]++;
            for (int id = 0; id < 4; id++) Assert.Equal(expected[id], counts[id] / (double)Draws, 0.005);
        }
    }

    [Fact]
    public void Top_k_top_p_and_min_p_keep_what_their_definitions_keep() =>
        Gen.Select(LogitsGen, Gen.Int[0, 10], Gen.Float[0.05f, 1f], Gen.Float[0f, 0.5f], Gen.Int[0, 1000]).Sample(
            (logits, topK, topP, minP, seed) =>
            {
                HashSet<int> kept = PlainKept(logits, topK, topP, minP);
                var sampler = new Sampler(new SamplingOptions { TopK = topK, TopP = topP, MinP = minP, Seed = seed });
                for (int i = 0; i < 20; i++) Assert.Contains(sampler.Sample(logits), kept);
            },
            iter: 2_000);

    [Fact]
    public void Every_kept_token_is_drawn_sooner_or_later()
    {
        float[] logits = [2f, 1.5f, 1f, 0.5f, 0f, -0.5f];
        HashSet<int> kept = PlainKept(logits, 5, 0.9f, 0.1f);
        var sampler = new Sampler(new SamplingOptions { TopK = 5, TopP = 0.9f, MinP = 0.1f, Seed = 1 });
        Assert.Equal(kept, Enumerable.Range(0, 2_000).Select(_ => sampler.Sample(logits)).ToHashSet());
    }

    [Fact]
    public void Penalties_and_bias_change_the_logits_as_defined()
    {
        // Presence 2 and frequency 1: after one token 0, its 3.0 becomes 0.
        var sampler = new Sampler(new SamplingOptions { Temperature = 0, PresencePenalty = 2, FrequencyPenalty = 1 });
        Assert.Equal(0, sampler.Sample([3f, 0.5f]));
        Assert.Equal(1, sampler.Sample([3f, 0.5f]));

        var repeating = new Sampler(new SamplingOptions { Temperature = 0, RepetitionPenalty = 2 });
        repeating.SeePrompt([0, 2]);
        Assert.Equal(1, repeating.Sample([3f, 2f, -1f]));
        Assert.Equal(1, new Sampler(new SamplingOptions { Temperature = 0, LogitBias = new Dictionary<int, float> { [1] = 5f, [99] = 1f } }).Sample([3f, 0f]));
    }

    [Fact]
    public void Forbidden_tokens_never_come_and_bad_logits_are_named()
    {
        var sampler = new Sampler(new SamplingOptions { Seed = 2 }, [false, true, false]);
        for (int i = 0; i < 200; i++) Assert.NotEqual(1, sampler.Sample([0f, 9f, 0f]));
        Assert.Throws<ArgumentException>(() => new Sampler(new SamplingOptions(), [true, true]).Sample([0f, 1f]));
        Assert.Throws<InvalidDataException>(() => new Sampler(new SamplingOptions { Temperature = 0 }).Sample([float.NaN, 1f]));
    }

    [Fact]
    public void Log_probabilities_are_those_of_the_raw_softmax()
    {
        float[] logits = [1f, 4f, 4f, -2f];
        double[] expected = Softmax(logits, 1);
        (TokenProbability picked, TokenProbability[] top) = Sampler.LogProbabilities(logits, 3, 3);
        Assert.Equal(Math.Log(expected[3]), picked.LogProbability, 1e-5);
        Assert.Equal([1, 2, 0], top.Select(entry => entry.Id));
        Assert.Equal(Math.Log(expected[0]), top[2].LogProbability, 1e-5);
    }

    [Theory]
    [InlineData(-1f, 1f, 0, 0f, 1f, "Temperature")]
    [InlineData(float.NaN, 1f, 0, 0f, 1f, "Temperature")]
    [InlineData(1f, 0f, 0, 0f, 1f, "TopP")]
    [InlineData(1f, 1f, -1, 0f, 1f, "TopK")]
    [InlineData(1f, 1f, 0, 2f, 1f, "MinP")]
    [InlineData(1f, 1f, 0, 0f, 0f, "RepetitionPenalty")]
    public void Options_outside_their_range_are_named(float temperature, float topP, int topK, float minP, float repetition, string name)
    {
        var options = new SamplingOptions { Temperature = temperature, TopP = topP, TopK = topK, MinP = minP, RepetitionPenalty = repetition };
        Assert.Contains(name, Assert.Throws<ArgumentException>(options.Validate).Message, StringComparison.Ordinal);
    }

    private static double[] Softmax(float[] logits, double temperature)
    {
        double[] weights = [.. logits.Select(logit => Math.Exp(logit / temperature))];
        return [.. weights.Select(weight => weight / weights.Sum())];
    }

    // The definitions, read literally; ids at a border that rounding may move are counted in.
    private static HashSet<int> PlainKept(float[] logits, int topK, float topP, float minP)
    {
        double[] weights = [.. logits.Select(logit => Math.Exp(logit - logits.Max()))];
        List<int> order = [.. Enumerable.Range(0, logits.Length).OrderByDescending(id => weights[id]).ThenBy(id => id)];
        if (topK > 0) order = [.. order.Take(topK)];
        double total = order.Sum(id => weights[id]), sum = 0;
        var kept = new HashSet<int>();
        foreach (int id in order)
        {
            if (kept.Count > 0 && sum > (topP * total) + (1e-5 * total)) break;
            if (weights[id] < minP - 1e-5) break;
            kept.Add(id);
            sum += weights[id];
        }

        return kept;
    }
}
