using Fathom.Checkpoints;
using Fathom.Compute;
using Fathom.Compute.Memory;
using Fathom.Model;

namespace Fathom.Evaluation.Planning;

/// <summary>
/// Which experts the tokens of a sample were routed to. The more uneven that is, the more of what a token needs an arena holds, so that no figure of the disk alone says how fast a model
/// streams.
/// </summary>
public sealed class RoutingSample
{
    private readonly V4Config config;

    // Picks of each token: layer · experts + expert, for the first and the second half of the tokens.
    private readonly int[] early, late;
    private readonly int tokens;

    private RoutingSample(V4Config config, int[] early, int[] late, int tokens)
    {
        (this.config, this.early, this.late, this.tokens) = (config, early, late, tokens);
    }

    /// <summary>Runs a sample through a model, which reads most of its experts once.</summary>
    /// <param name="path">Checkpoint folder or GGUF file.</param>
    /// <param name="sample">At least two token ids; more than a chunk of the model's are left out.</param>
    /// <param name="options">The memory budget and the rest, as the model will run.</param>
    /// <param name="cancellation">Stops between layers.</param>
    public static RoutingSample Take(string path, ReadOnlyMemory<int> sample, V4ModelOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(sample.Length, 2, nameof(sample));
        Recorder? recorder = null;
        using V4Model model = V4Model.Open(path, options with { ReadsExpectedExperts = false, WrapDevice = device => recorder = new Recorder(device) });
        int count = Math.Min(sample.Length, model.MaxBatchRows);
        using ISession session = model.CreateSession();
        model.Forward(new Batch().Add(session, sample[..count], LogitRows.None), cancellation);
        return From(model.Config, recorder!.Layers, count);
    }

    /// <summary>A sample from the picks of each layer, [tokens, k].</summary>
    internal static RoutingSample From(V4Config config, IReadOnlyList<int[]> layers, int tokens)
    {
        int k = config.ExpertsPerToken, half = tokens / 2 * k;
        int[] Part(Func<int[], IEnumerable<int>> part) => [.. layers.SelectMany((picks, layer) => part(picks).Select(expert => (layer * config.ExpertCount) + expert))];
        return new RoutingSample(config, Part(picks => picks.Take(half)), Part(picks => picks.Skip(half)), tokens);
    }

    /// <summary>Share of what a token needs that an arena holds when it keeps what was needed most, 0 to 1: chosen by the first half of the sample, counted on the second.</summary>
    /// <param name="slots">Places of the arena.</param>
    public double ShareHeld(int slots)
    {
        int all = config.LayerCount * config.ExpertCount;
        if (slots >= all) return 1;
        int[] counts = Count(early, all);
        int[] order = [.. Enumerable.Range(0, all)];

        // Of those that nobody needed yet any may be there: they count with the share of them that there is room for.
        Array.Sort(order, (a, b) => counts[b] != counts[a] ? counts[b].CompareTo(counts[a]) : a.CompareTo(b));
        int least = counts[order[slots]], above = counts.Count(count => count > least), alike = counts.Count(count => count == least);
        double share = (double)(slots - above) / alike;
        return late.Average(id => counts[id] > least ? 1 : counts[id] == least ? share : 0.0);
    }

    /// <summary>Experts of all layers that a chunk of a prompt needs.</summary>
    /// <param name="rows">Tokens of the chunk.</param>
    public double ExpertsOf(int rows)
    {
        int[] counts = Count([.. early, .. late], config.LayerCount * config.ExpertCount);

        // Half a pick more for each: what a short sample did not meet may come all the same.
        return counts.Sum(count => 1 - Math.Pow(1 - Math.Min(1, (count + 0.5) / (tokens + 1)), rows));
    }

    private static int[] Count(int[] picks, int all)
    {
        var counts = new int[all];
        foreach (int id in picks) counts[id]++;
        return counts;
    }

    // Layers are routed in order, once each.
    private sealed class Recorder(IDevice device) : DelegatingDevice(device)
    {
        public List<int[]> Layers { get; } = [];

        public override void RouteByScore(Rows logits, ReadOnlySpan<float> bias, float scale, Span<int> experts, Span<float> weights, int k)
        {
            base.RouteByScore(logits, bias, scale, experts, weights, k);
            Layers.Add(experts.ToArray());
        }

        public override void WeighHashed(Rows logits, float scale, ReadOnlySpan<int> experts, Span<float> weights, int k)
        {
            base.WeighHashed(logits, scale, experts, weights, k);
            Layers.Add(experts.ToArray());
        }
    }
}
