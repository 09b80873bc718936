using Fathom.Checkpoints;
using Fathom.Compute.Memory;
using Fathom.Model.Weights;

namespace Fathom.Model.Layers;

/// <summary>The attention half of a layer (specification section 4): window keys, and compressed keys in CSA and HCA layers, in one softmax.</summary>
internal sealed unsafe class HybridAttention(LayerContext context)
{
    private readonly Compressor compressor = new(context);
    private readonly LightningIndexer indexer = new(context);

    /// <summary>Runs attention for all rows and stages the new keys in the sessions' caches.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="plan">The rows; <see cref="Plan.Caches"/> points at this layer.</param>
    /// <param name="x">Normed input, [n, hidden].</param>
    /// <param name="angles">Angles of the rows by the layer's table, [n, rotary dims].</param>
    /// <param name="output">[n, hidden].</param>
    public void Run(LayerWeights layer, Plan plan, Rows x, Rows angles, Rows output)
    {
        (V4Config config, Workspace work, AttentionWeights weights) = (context.Config, context.Workspace, layer.Attention);
        int n = x.Count;

        // 4.1 Query
        Rows input = context.InputFor(weights.QueryDown, x, work.RoundedInput);
        Rows latent = work.QueryLatent.Take(n, weights.QueryDown.Rows);
        context.Device.Linear(input, weights.QueryDown, latent);
        context.Device.RmsNorm(latent, weights.QueryNorm, config.NormEpsilon, latent);
        Rows latentInput = context.InputFor(weights.QueryUp, latent, work.RoundedLatent);
        Rows q = work.Queries.Take(n, weights.QueryUp.Rows);
        context.Device.Linear(latentInput, weights.QueryUp, q);
        context.Device.NormalizeHeads(q, config.HeadDim, config.NormEpsilon);
        context.Device.Rotate(q, config.HeadDim, angles, inverse: false);

        // 4.2 Key and value
        Rows kv = work.KeyValues.Take(n, config.HeadDim);
        context.Device.Linear(context.InputFor(weights.KeyValue, x, work.RoundedInput), weights.KeyValue, kv);
        context.Device.RmsNorm(kv, weights.KeyValueNorm, config.NormEpsilon, kv);
        context.Device.Rotate(kv, config.HeadDim, angles, inverse: false);
        context.RoundKeys(kv);

        // 5 and 6: compressed entries that these rows complete come first, so that they are visible at once.
        ReadOnlySpan<int> picks = default;
        if (weights.Compressor is { } main)
        {
            compressor.Run(main, layer.Rotary, plan, x, isIndex: false);
            if (weights.Indexer is { } index)
            {
                compressor.Run(index.Compressor, layer.Rotary, plan, x, isIndex: true);
                picks = indexer.Pick(index, plan, x, latent, angles);
                if (!picks.IsEmpty) context.Observer?.OnPicks(layer.Index, picks, config.IndexTopK);
            }
        }

        // 4.4 and 4.5
        ListKeys(layer, plan, kv, picks);
        Rows heads = work.HeadOutputs.Take(n, q.Width);
        context.Device.Attend(q, config.HeadDim, work.Keys, weights.Sinks, 1f / MathF.Sqrt(config.HeadDim), heads);

        // 4.6 Output
        context.Device.Rotate(heads, config.HeadDim, angles, inverse: true);
        Rows down = work.OutputLatent.Take(n, weights.OutputDown.Rows);
        context.Device.GroupedLinear(heads, weights.OutputDown, config.OutputGroups, down);
        context.RoundInputInPlace(weights.OutputUp, down);
        context.Device.Linear(down, weights.OutputUp, output);

        for (int s = 0; s < plan.Segments.Length; s++)
        {
            Segment segment = plan.Segments[s];
            plan.Caches[s].Window.Stage(segment.FirstPosition, kv.Slice(segment.FirstRow, segment.Count));
        }
    }

    // The keys of the query at position t: the window t − W + 1 … t, oldest first, then the compressed entries that
    // are complete at t, all (HCA) or the picked ones (CSA), in rising order.
    private void ListKeys(LayerWeights layer, Plan plan, Rows kv, ReadOnlySpan<int> picks)
    {
        AddressLists keys = context.Workspace.Keys;
        keys.Clear();
        keys.EntryLayout = context.Layouts.Main;
        int topK = context.Config.IndexTopK;
        for (int s = 0; s < plan.Segments.Length; s++)
        {
            Segment segment = plan.Segments[s];
            for (int i = 0; i < segment.Count; i++)
            {
                int t = segment.FirstPosition + i;
                for (int p = Math.Max(0, t - context.Config.Window + 1); p <= t; p++)
                    keys.Add(Plan.RowOf(segment, p, kv, plan.Caches[s].Window));
                if (context.SeesCompressed && plan.Caches[s].Main is { } main)
                {
                    keys.BeginEntries();
                    int visible = (t + 1) / main.Ratio;
                    if (picks.IsEmpty || layer.Kind == LayerKind.Hca || visible <= topK)
                    {
                        for (int entry = 0; entry < visible; entry++) keys.Add(main.Entries.At(entry));
                    }
                    else
                    {
                        foreach (int entry in picks.Slice((segment.FirstRow + i) * topK, topK)) keys.Add(main.Entries.At(entry));
                    }
                }

                keys.EndList();
            }
        }
    }
}
