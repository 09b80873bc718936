using Fathom.Checkpoints;
using Fathom.Compute.Memory;
using Fathom.Model.Weights;

namespace Fathom.Model.Layers;

/// <summary>The expert half of a layer (specification section 7): routed experts in rising order, then the shared one.</summary>
internal sealed class MixtureOfExperts(LayerContext context)
{
    private int[] experts = [];
    private float[] weightsOfPicks = [];

    // Rows and weights sorted by expert: those of expert e lie at starts[e] … starts[e + 1] − 1.
    private int[] starts = [];
    private int[] sortedRows = [];
    private float[] sortedWeights = [];

    /// <summary>Routes all rows and sums up what their experts say.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="plan">The rows; hash layers look at their token ids.</param>
    /// <param name="x">Normed input, [n, hidden].</param>
    /// <param name="output">[n, hidden].</param>
    public void Run(LayerWeights layer, Plan plan, Rows x, Rows output)
    {
        MixtureWeights mixture = layer.Mixture;
        Route(layer, plan, x);
        SortByExpert(mixture.Routed.Length, x.Count);
        for (int i = 0; i < output.Count; i++) output[i].Clear();

        // All experts of a layer are stored alike, so their input is rounded once.
        Rows input = context.InputFor(mixture.Routed[0].Gate, x, context.Workspace.RoundedInput);
        for (int e = 0; e < mixture.Routed.Length; e++)
        {
            int first = starts[e], count = starts[e + 1] - first;
            if (count == 0) continue;
            mixture.Routed[e].CheckScalesOnce();
            ReadOnlySpan<int> rows = sortedRows.AsSpan(first, count);
            Rows gathered = context.Workspace.ExpertInput.Take(count, x.Width);
            context.Device.Gather(input, rows, gathered);
            Rows y = RunExpert(mixture.Routed[e], gathered, sortedWeights.AsSpan(first, count));
            context.Device.ScatterAdd(y, rows, output);
        }

        foreach (ExpertWeights shared in mixture.Shared)
        {
            Rows y = RunExpert(shared, context.InputFor(shared.Gate, x, context.Workspace.RoundedInput), default);
            context.Device.ScatterAdd(y, AllRows(x.Count), output);
        }
    }

    // 7.1 Gate
    private void Route(LayerWeights layer, Plan plan, Rows x)
    {
        V4Config config = context.Config;
        int n = x.Count, k = config.ExpertsPerToken;
        if (experts.Length < n * k)
        {
            experts = new int[n * k];
            weightsOfPicks = new float[n * k];
            sortedRows = new int[Math.Max(n * k, n)];
            sortedWeights = new float[n * k];
        }

        Rows logits = context.Workspace.RouterLogits.Take(n, config.ExpertCount);
        context.Device.Linear(x, layer.Mixture.Router, logits);
        Span<int> picked = experts.AsSpan(0, n * k);
        Span<float> weights = weightsOfPicks.AsSpan(0, n * k);
        if (layer.Mixture.HashTable is { } table)
        {
            for (int i = 0; i < n; i++) table.AsSpan(plan.Tokens[i] * k, k).CopyTo(picked[(i * k)..]);
            context.Device.WeighHashed(logits, config.RoutedScalingFactor, picked, weights, k);
        }
        else
        {
            context.Device.RouteByScore(logits, layer.Mixture.SelectionBias, config.RoutedScalingFactor, picked, weights, k);
        }

        context.Observer?.OnRouting(layer.Index, picked, weights, k);
    }

    private void SortByExpert(int expertCount, int n)
    {
        int k = context.Config.ExpertsPerToken;
        if (starts.Length != expertCount + 1) starts = new int[expertCount + 1];
        Array.Clear(starts);
        for (int pick = 0; pick < n * k; pick++) starts[experts[pick] + 1]++;
        for (int e = 0; e < expertCount; e++) starts[e + 1] += starts[e];
        for (int pick = 0; pick < n * k; pick++)
        {
            int place = starts[experts[pick]]++;
            sortedRows[place] = pick / k;
            sortedWeights[place] = weightsOfPicks[pick];
        }

        // Filling moved every start to its end; shift them back.
        for (int e = expertCount; e > 0; e--) starts[e] = starts[e - 1];
        starts[0] = 0;
    }

    // 7.2 Expert: the routing weight is applied before w2.
    private Rows RunExpert(ExpertWeights expert, Rows input, ReadOnlySpan<float> rowWeights)
    {
        Workspace work = context.Workspace;
        Rows gate = work.ExpertGate.Take(input.Count, expert.Gate.Rows);
        Rows up = work.ExpertUp.Take(input.Count, expert.Up.Rows);
        context.Device.Linear(input, expert.Gate, gate);
        context.Device.Linear(input, expert.Up, up);
        context.Device.SwiGlu(gate, up, context.Config.SwiGluLimit, rowWeights);
        context.RoundInputInPlace(expert.Down, gate);
        Rows y = work.ExpertOutput.Take(input.Count, expert.Down.Rows);
        context.Device.Linear(gate, expert.Down, y);
        return y;
    }

    private ReadOnlySpan<int> AllRows(int n)
    {
        for (int i = 0; i < n; i++) sortedRows[i] = i;
        return sortedRows.AsSpan(0, n);
    }
}
