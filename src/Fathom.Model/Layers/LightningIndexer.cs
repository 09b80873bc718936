using Fathom.Compute.Memory;
using Fathom.Model.Caches;
using Fathom.Model.Weights;

namespace Fathom.Model.Layers;

/// <summary>Scores compressed entries against each query and picks the best (specification section 6).</summary>
internal sealed class LightningIndexer(LayerContext context)
{
    private int[] picks = [];
    private int[] visible = [];
    private PagedRows[] keys = [];

    /// <summary>The picked entries of every row, ascending, −1 after the last, [n, top-k]; empty when every row sees at most top-k entries and so gets all of them.</summary>
    /// <param name="weights">The indexer.</param>
    /// <param name="plan">The rows.</param>
    /// <param name="x">Normed input of the attention half, [n, hidden].</param>
    /// <param name="latent">The normed query latent that attention uses too, [n, query rank].</param>
    /// <param name="angles">Angles of the rows, [n, rotary dims].</param>
    public ReadOnlySpan<int> Pick(IndexerWeights weights, Plan plan, Rows x, Rows latent, Rows angles)
    {
        int n = x.Count, topK = context.Config.IndexTopK;
        EnsureCapacity(n, topK);
        bool isAnythingLeftOut = false;
        for (int s = 0; s < plan.Segments.Length; s++)
        {
            Segment segment = plan.Segments[s];
            CompressorCache cache = plan.Caches[s].Index!;
            for (int i = 0; i < segment.Count; i++)
            {
                int row = segment.FirstRow + i;
                visible[row] = (segment.FirstPosition + i + 1) / cache.Ratio;
                keys[row] = cache.Entries;
                isAnythingLeftOut |= visible[row] > topK;
            }
        }

        // An observer wants to see the picks even where there is nothing to choose.
        if (!isAnythingLeftOut && context.Observer is null) return default;

        Workspace work = context.Workspace;
        Rows q = work.IndexQueries.Take(n, weights.QueryUp.Rows);
        context.Device.Linear(context.InputFor(weights.QueryUp, latent, work.RoundedLatent), weights.QueryUp, q);
        context.Device.Rotate(q, context.Config.IndexHeadDim, angles, inverse: false);
        context.RoundIndex(q);

        // The reference scales the head weights by (head dim · heads)^-0.5: one positive factor for all scores of
        // a row, which changes no order and is left out.
        Rows headWeights = work.IndexHeadWeights.Take(n, weights.HeadWeights.Rows);
        context.Device.Linear(x, weights.HeadWeights, headWeights);
        context.Device.PickEntries(q, headWeights, keys.AsSpan(0, n), visible.AsSpan(0, n), picks.AsSpan(0, n * topK), topK);
        Array.Clear(keys, 0, n);
        return picks.AsSpan(0, n * topK);
    }

    private void EnsureCapacity(int rows, int topK)
    {
        if (visible.Length >= rows) return;
        visible = new int[rows];
        keys = new PagedRows[rows];
        picks = new int[rows * topK];
    }
}
