using Fathom.Model.Streaming;

namespace Fathom.Model.Tests;

/// <summary>Which experts stay in the arena.</summary>
public sealed class ReplacementTests
{
    private const int Layers = 4, Experts = 32, Picks = 3;

    [Fact]
    public void An_expert_is_worth_what_was_routed_to_it_and_less_with_time()
    {
        var values = new ExpertValues(2, 4, halfLife: 10);
        values.Use(0, 8);
        values.Use(1, 2);
        Assert.Equal(2, values.Of(0, 0) - values.Of(1, 0), 6);
        Assert.True(values.Of(1, 0) > values.Of(2, 0));
        double before = values.Of(0, 0);
        values.Advance(0, 20);
        Assert.Equal(before - 2, values.Of(0, 0), 6);
        values.Use(1, 8);
        Assert.True(values.Of(1, 0) > values.Of(0, 0));

        // The other layer's time stood still meanwhile; of two alike, the one that is needed sooner again is worth more.
        values.Use(4, 8);
        Assert.Equal(before, values.Of(4, 1), 6);
        Assert.True(values.Of(4, 0) > values.Of(4, 1));
    }

    [Theory]
    [InlineData(12)]
    [InlineData(32)]
    [InlineData(64)]
    public void Valuable_experts_stay_longer_than_recent_ones_and_not_longer_than_an_oracle_keeps_them(int slots)
    {
        int[][] steps = Routing(seed: slots, tokens: 600);
        double Rate(Replacement policy) => ReplacementTrial.HitRate(steps, Layers, Experts, slots, policy, skip: 100 * Layers);
        double recent = Rate(Replacement.LeastRecent), valuable = Rate(Replacement.LeastValuable), oracle = Rate(Replacement.Oracle);
        Assert.InRange(valuable, recent + 0.02, oracle);
    }

    [Fact]
    public void An_arena_for_all_experts_misses_each_once()
    {
        int[][] steps = Routing(seed: 1, tokens: 300);
        double once = 1 - ((double)steps.SelectMany(step => step).Distinct().Count() / (steps.Length * Picks));
        foreach (Replacement policy in Enum.GetValues<Replacement>()) Assert.Equal(once, ReplacementTrial.HitRate(steps, Layers, Experts, Layers * Experts, policy), 9);
    }

    // A few experts of each layer are asked for much more often than others.
    private static int[][] Routing(int seed, int tokens)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, tokens * Layers).Select(step =>
        {
            var picked = new HashSet<int>();
            while (picked.Count < Picks) picked.Add((step % Layers * Experts) + (int)(Experts * Math.Pow(random.NextDouble(), 2.5)));
            return picked.Order().ToArray();
        })];
    }
}
