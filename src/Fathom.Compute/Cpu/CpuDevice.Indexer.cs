using System.Runtime.Intrinsics;
using Fathom.Compute.Memory;
using Fathom.Compute.Workers;

namespace Fathom.Compute.Cpu;

/// <content>The lightning indexer's scan over compressed keys, and the compressor's pooling.</content>
public sealed unsafe partial class CpuDevice
{
    // Entries that one work item scores: whole pages, long enough to pay for laying the heads out.
    private const int EntriesPerItem = 8 * PagedRows.RowsPerPage;

    // Up to so many heads are not laid out in lanes.
    private const int FewHeads = 8;

    // Scores kept at once: rows are scored in groups so that a million-token session needs 64 MB here, not gigabytes.
    private const long ScoresAtOnce = 16 << 20;

    private readonly NativeBuffer entryScores = new();

    private PagedRows[] keyTables = [];

    /// <inheritdoc/>
    public void PickEntries(Rows queries, Rows headWeights, ReadOnlySpan<PagedRows> keys, ReadOnlySpan<int> visible, Span<int> picks, int k)
    {
        int most = 0;
        foreach (int count in visible) most = Math.Max(most, count);
        if (most == 0)
        {
            picks.Fill(-1);
            return;
        }

        if (keyTables.Length < keys.Length) keyTables = new PagedRows[keys.Length];
        keys.CopyTo(keyTables);
        if (keys[0].Layout.Format == RowFormat.Fp4) PickFp4(queries, headWeights, keys, visible, picks, k);
        else PickFloats(queries, headWeights, visible, picks, k, most);

        // Sessions that end must not be kept alive from here.
        keyTables.AsSpan(0, keys.Length).Clear();
    }

    private void PickFloats(Rows queries, Rows headWeights, ReadOnlySpan<int> visible, Span<int> picks, int k, int most)
    {
        int rowsAtOnce = (int)Math.Clamp(ScoresAtOnce / most, 1, queries.Count);
        fixed (int* shown = visible)
        fixed (int* picked = picks)
        {
            for (int first = 0; first < queries.Count; first += rowsAtOnce)
            {
                int rows = Math.Min(rowsAtOnce, queries.Count - first);
                int itemsPerRow = (most + EntriesPerItem - 1) / EntriesPerItem;
                Rows scores = entryScores.Take(rows, most);
                var score = new ScoreJob
                {
                    Device = this,
                    Queries = queries.Slice(first, rows),
                    HeadWeights = headWeights.Slice(first, rows),
                    Keys = keyTables,
                    FirstRow = first,
                    Visible = shown + first,
                    Scores = scores,
                    ItemsPerRow = itemsPerRow,
                };
                pool.Run(ref score, rows * itemsPerRow);
                var pick = new PickJob { Scores = scores, Visible = shown + first, Picks = picked + ((long)first * k), K = k };
                pool.Run(ref pick, rows);
            }
        }
    }

    /// <inheritdoc/>
    public void Compress(AddressLists values, AddressLists scores, Rows output)
    {
        fixed (nint* v = values.Addresses)
        fixed (nint* s = scores.Addresses)
        fixed (int* starts = values.Starts)
        {
            var job = new CompressJob { Values = v, Scores = s, Starts = starts, Output = output };
            RunRows(ref job, output.Count, output.Width * 32);
        }
    }

    private struct ScoreJob : IParallelJob
    {
        public CpuDevice Device;
        public Rows Queries;
        public Rows HeadWeights;
        public PagedRows[] Keys;
        public int FirstRow;
        public int* Visible;
        public Rows Scores;
        public int ItemsPerRow;

        public readonly void Execute(int item, int worker)
        {
            int row = item / ItemsPerRow, firstEntry = item % ItemsPerRow * EntriesPerItem;
            int end = Math.Min(Visible[row], firstEntry + EntriesPerItem);
            if (firstEntry >= end) return;

            int heads = HeadWeights.Width, headDim = Queries.Width / heads;
            if (heads <= FewHeads)
            {
                ScoreWithFewHeads(row, firstEntry, end, heads, headDim);
                return;
            }

            int tiles = (heads + Lanes.Count - 1) / Lanes.Count;
            long tileFloats = (long)headDim * Lanes.Count;
            float* transposed = Device.Scratch(worker, (tiles * (tileFloats + Lanes.Count)) + (PagedRows.RowsPerPage * Lanes.Count));
            float* weights = transposed + (tiles * tileFloats);
            float* products = weights + (tiles * Lanes.Count);
            for (int tile = 0; tile < tiles; tile++)
            {
                int first = tile * Lanes.Count, some = Math.Min(Lanes.Count, heads - first);
                HeadLanes.Transpose(Queries.At(row) + ((long)first * headDim), some, headDim, transposed + (tile * tileFloats));
                for (int h = 0; h < Lanes.Count; h++) weights[first + h] = h < some ? HeadWeights.At(row)[first + h] : 0f;
            }

            PagedRows keys = Keys[FirstRow + row];
            float** addresses = stackalloc float*[PagedRows.RowsPerPage];
            for (int entry = firstEntry; entry < end; entry += PagedRows.RowsPerPage)
            {
                int count = Math.Min(PagedRows.RowsPerPage, end - entry);
                float* page = (float*)keys.At(entry);
                for (int n = 0; n < count; n++) addresses[n] = page + ((long)n * headDim);
                ScorePage(addresses, count, transposed, weights, products, tiles, headDim, Scores.At(row) + entry);
            }
        }

        // Channels lie in lanes where heads would leave most lanes empty.
        private readonly void ScoreWithFewHeads(int row, int first, int end, int heads, int headDim)
        {
            PagedRows keys = Keys[FirstRow + row];
            float* a = HeadWeights.At(row), q = Queries.At(row), scores = Scores.At(row);
            float* products = stackalloc float[FewHeads];
            for (int entry = first; entry < end; entry++)
            {
                DotTile.Multiply((float*)keys.At(entry), 0, 1, q, heads, headDim, products, 0);
                float score = 0f;
                for (int h = 0; h < heads; h++) score += a[h] * MathF.Max(0f, products[h]);
                scores[entry] = score;
            }
        }

        // score_i = Σ_h a_h · max(0, q_h · k_i): heads are added tile by tile, lanes at the end.
        private static void ScorePage(float** keys, int count, float* transposed, float* weights, float* products, int tiles, int headDim, float* scores)
        {
            new Span<float>(scores, count).Clear();
            for (int tile = 0; tile < tiles; tile++)
            {
                HeadLanes.Dot(transposed + ((long)tile * headDim * Lanes.Count), headDim, keys, count, products);
                Vector512<float> a = Vector512.Load(weights + (tile * Lanes.Count));
                for (int n = 0; n < count; n++)
                    scores[n] += Vector512.Sum(Vector512.Max(Vector512.Load(products + (n * Lanes.Count)), Vector512<float>.Zero) * a);
            }
        }
    }

    private struct PickJob : IParallelJob
    {
        public Rows Scores;
        public int* Visible;
        public int* Picks;
        public int K;

        public readonly void Execute(int item, int worker) =>
            TopEntries.Pick(Scores[item][..Visible[item]], new Span<int>(Picks + ((long)item * K), K));
    }

    private struct CompressJob : IParallelJob
    {
        public nint* Values;
        public nint* Scores;
        public int* Starts;
        public Rows Output;

        public readonly void Execute(int item, int worker)
        {
            float** values = (float**)(Values + Starts[item]);
            float** scores = (float**)(Scores + Starts[item]);
            int candidates = Starts[item + 1] - Starts[item], c = 0;
            for (; c <= Output.Width - Lanes.Count; c += Lanes.Count)
            {
                Vector512<float> max = Vector512.Create(float.NegativeInfinity);
                for (int q = 0; q < candidates; q++) max = Vector512.Max(max, Vector512.Load(scores[q] + c));
                Vector512<float> sum = default, weighted = default;
                for (int q = 0; q < candidates; q++)
                {
                    Vector512<float> weight = Vector512.Exp(Vector512.Load(scores[q] + c) - max);
                    sum += weight;
                    weighted = Vector512.FusedMultiplyAdd(weight, Vector512.Load(values[q] + c), weighted);
                }

                (weighted / sum).Store(Output.At(item) + c);
            }

            for (; c < Output.Width; c++)
            {
                float max = float.NegativeInfinity, sum = 0f, weighted = 0f;
                for (int q = 0; q < candidates; q++) max = MathF.Max(max, scores[q][c]);
                for (int q = 0; q < candidates; q++)
                {
                    float weight = MathF.Exp(scores[q][c] - max);
                    sum += weight;
                    weighted = MathF.FusedMultiplyAdd(weight, values[q][c], weighted);
                }

                Output.At(item)[c] = weighted / sum;
            }
        }
    }
}
