using Fathom.Checkpoints;
using Fathom.Compute.Memory;
using Fathom.Model.Weights;

namespace Fathom.Model.Layers;

/// <summary>The expert half of a layer (specification section 7): routed experts in rising order, then the shared one.</summary>
internal sealed class MixtureOfExperts(LayerContext context)
{
    // Up to so many outputs of experts are kept apart while others are on their way: a few megabytes at real widths.
    private const int MostPicksInAnyOrder = 128;

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
        context.Experts.Need(layer, starts);
        if (context.Experts.IsStreaming && x.Count * context.Config.ExpertsPerToken <= MostPicksInAnyOrder)
        {
            RunAsTheyCome(layer, input, x, output);
            return;
        }

        for (int e = 0; e < mixture.Routed.Length; e++)
        {
            int first = starts[e], count = starts[e + 1] - first;
            if (count == 0) continue;
            ExpertWeights expert = context.Experts.TakeNext(layer, e);
            Rows y = RunRouted(expert, e, input, context.Workspace.ExpertOutput.Take(count, x.Width));
            context.Experts.Return(layer, e);
            context.Device.ScatterAdd(y, sortedRows.AsSpan(first, count), output);
        }

        foreach (ExpertWeights shared in mixture.Shared) AddShared(RunShared(shared, x, context.Workspace.ExpertOutput), output);
    }

    // Few rows, experts on their way from disk: those that are there go first, the shared one fills the first wait. The sum is made afterwards, in the usual order.
    private void RunAsTheyCome(LayerWeights layer, Rows input, Rows x, Rows output)
    {
        MixtureWeights mixture = layer.Mixture;
        Rows all = context.Workspace.RoutedOutputs.Take(starts[^1], x.Width), shared = default;
        while (context.Experts.TakeAny(layer, waits: false, out int e))
        {
            if (e < 0 && shared.Count == 0 && mixture.Shared.Length > 0)
            {
                shared = RunShared(mixture.Shared[0], x, context.Workspace.SharedOutput);
                continue;
            }

            if (e < 0) context.Experts.TakeAny(layer, waits: true, out e);
            RunRouted(mixture.Routed[e], e, input, all.Slice(starts[e], starts[e + 1] - starts[e]));
            context.Experts.Return(layer, e);
        }

        for (int e = 0; e < mixture.Routed.Length; e++)
        {
            int first = starts[e], count = starts[e + 1] - first;
            if (count > 0) context.Device.ScatterAdd(all.Slice(first, count), sortedRows.AsSpan(first, count), output);
        }

        if (mixture.Shared.Length == 0) return;
        if (shared.Count == 0) shared = RunShared(mixture.Shared[0], x, context.Workspace.SharedOutput);
        AddShared(shared, output);
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

    private Rows RunRouted(ExpertWeights expert, int number, Rows input, Rows y)
    {
        int first = starts[number];
        Rows gathered = context.Workspace.ExpertInput.Take(y.Count, input.Width);
        context.Device.Gather(input, sortedRows.AsSpan(first, y.Count), gathered);
        RunExpert(expert, gathered, sortedWeights.AsSpan(first, y.Count), y);
        return y;
    }

    private Rows RunShared(ExpertWeights shared, Rows x, NativeBuffer buffer)
    {
        Rows y = buffer.Take(x.Count, shared.Down.Rows);
        RunExpert(shared, context.InputFor(shared.Gate, x, context.Workspace.RoundedInput), default, y);
        return y;
    }

    private void AddShared(Rows y, Rows output)
    {
        for (int i = 0; i < y.Count; i++) sortedRows[i] = i;
        context.Device.ScatterAdd(y, sortedRows.AsSpan(0, y.Count), output);
    }

    // 7.2 Expert: the routing weight is applied before w2.
    private void RunExpert(ExpertWeights expert, Rows input, ReadOnlySpan<float> rowWeights, Rows y)
    {
        Workspace work = context.Workspace;
        Rows gate = work.ExpertGate.Take(input.Count, expert.Gate.Rows);
        Rows up = work.ExpertUp.Take(input.Count, expert.Up.Rows);
        context.Device.Linear(input, expert.Gate, gate);
        context.Device.Linear(input, expert.Up, up);
        context.Device.SwiGlu(gate, up, context.Config.SwiGluLimit, rowWeights);
        context.RoundInputInPlace(expert.Down, gate);
        context.Device.Linear(gate, expert.Down, y);
    }
}
