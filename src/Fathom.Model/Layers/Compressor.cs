using Fathom.Compute.Memory;
using Fathom.Model.Caches;
using Fathom.Model.Weights;

namespace Fathom.Model.Layers;

/// <summary>
/// Pools m tokens into one compressed entry (specification section 5), in the position form: which tokens an entry
/// pools follows from its index alone, wherever chunks of the prompt were cut.
/// </summary>
internal sealed unsafe class Compressor(LayerContext context)
{
    /// <summary>Projects all rows, appends the entries that they complete, and stages the raw rows.</summary>
    /// <param name="weights">The main or the indexer's compressor.</param>
    /// <param name="rotary">The layer's table.</param>
    /// <param name="plan">The rows.</param>
    /// <param name="x">Normed input of the attention half, never rounded here, [n, hidden].</param>
    /// <param name="isIndex">Whether this is the indexer's own compressor.</param>
    public void Run(CompressorWeights weights, RotaryTable rotary, Plan plan, Rows x, bool isIndex)
    {
        Workspace work = context.Workspace;
        Rows values = (isIndex ? work.IndexRawValues : work.RawValues).Take(x.Count, weights.RawWidth);
        Rows scores = (isIndex ? work.IndexRawScores : work.RawScores).Take(x.Count, weights.RawWidth);
        context.Device.Linear(x, weights.Values, values);
        context.Device.Linear(x, weights.Scores, scores);
        context.Device.AddPositionBias(scores, plan.Positions, weights.PositionBias);

        for (int s = 0; s < plan.Segments.Length; s++)
        {
            Segment segment = plan.Segments[s];
            CompressorCache cache = (isIndex ? plan.Caches[s].Index : plan.Caches[s].Main)!;
            AppendEntries(weights, rotary, segment, cache, values, scores, isIndex);
            cache.Values.Stage(segment.FirstPosition, values.Slice(segment.FirstRow, segment.Count));
            cache.Scores.Stage(segment.FirstPosition, scores.Slice(segment.FirstRow, segment.Count));
        }
    }

    private void AppendEntries(
        CompressorWeights weights, RotaryTable rotary, in Segment segment, CompressorCache cache, Rows values, Rows scores, bool isIndex)
    {
        int firstEntry = segment.FirstPosition / weights.Ratio, count = (segment.EndPosition / weights.Ratio) - firstEntry;
        if (count == 0) return;

        AddressLists v = context.Workspace.CandidateValues, s = context.Workspace.CandidateScores;
        v.Clear();
        s.Clear();
        for (int entry = firstEntry; entry < firstEntry + count; entry++)
        {
            int own = entry * weights.Ratio;

            // Overlap: the tokens of the block before, through the first half of the projection. Block 0 has none.
            if (weights.Overlaps && entry > 0) AddCandidates(own - weights.Ratio, segment, cache, values, scores, half: 0);
            AddCandidates(own, segment, cache, values, scores, half: weights.Overlaps ? weights.Width : 0);
            v.EndList();
            s.EndList();
        }

        Rows pooled = context.Workspace.NewEntries.Take(count, weights.Width);
        context.Device.Compress(v, s, pooled);
        context.Device.RmsNorm(pooled, weights.Norm, context.Config.NormEpsilon, pooled);

        // An entry is rotated at the position of its block's own first token.
        Rows angles = context.Workspace.EntryAngles.Take(count, rotary.RotaryDim);
        for (int i = 0; i < count; i++) rotary.WriteAngles((firstEntry + i) * weights.Ratio, angles[i]);
        context.Device.Rotate(pooled, weights.Width, angles, inverse: false);
        if (isIndex) context.RoundIndex(pooled);
        else context.RoundKeys(pooled);

        for (int i = 0; i < count; i++) cache.Entries.Write(firstEntry + i, pooled[i]);

        void AddCandidates(int from, in Segment rows, CompressorCache tail, Rows freshValues, Rows freshScores, int half)
        {
            for (int p = from; p < from + weights.Ratio; p++)
            {
                v.Add(Plan.RowOf(rows, p, freshValues, tail.Values) + half);
                s.Add(Plan.RowOf(rows, p, freshScores, tail.Scores) + half);
            }
        }
    }
}
