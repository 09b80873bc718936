using Fathom.Compute.Memory;
using Fathom.Compute.Workers;

namespace Fathom.Compute.Cpu;

/// <content>The lightning indexer's scan over FP4 keys: a page is unpacked once for several queries, and only scores that can be among the best are kept.</content>
public sealed unsafe partial class CpuDevice
{
    // Queries that meet a page while it is unpacked.
    private const int QueriesPerBlock = 8;

    // Pages below which a scan is not shared among workers.
    private const int FewestPages = 16;

    private readonly NativeBuffer laidOutQueries = new();
    private readonly NativeBuffer partialPicks = new();

    private int[] blockStarts = [];

    private void PickFp4(Rows queries, Rows headWeights, ReadOnlySpan<PagedRows> keys, ReadOnlySpan<int> visible, Span<int> picks, int k)
    {
        int n = queries.Count, heads = headWeights.Width, headDim = queries.Width / heads;
        int tiles = (heads + Fp4Keys.HeadsAtOnce - 1) / Fp4Keys.HeadsAtOnce;
        Rows laidOut = laidOutQueries.Take(n, tiles * Fp4Keys.WordsOfFourHeads(headDim));
        var layOut = new LayOutJob { Queries = queries, HeadWeights = headWeights, Target = laidOut, Tiles = tiles, HeadDim = headDim };
        RunRows(ref layOut, n * tiles, 8 * Fp4Keys.HeadsAtOnce * headDim);

        // Neighbouring rows of a session form a block.
        if (blockStarts.Length <= n) blockStarts = new int[n + 1];
        int blocks = 0, mostPages = 0;
        for (int row = 0; row < n; row++)
        {
            if (row == 0 || keys[row] != keys[row - 1] || row - blockStarts[blocks - 1] == QueriesPerBlock) blockStarts[blocks++] = row;
            mostPages = Math.Max(mostPages, (visible[row] + PagedRows.RowsPerPage - 1) / PagedRows.RowsPerPage);
        }

        blockStarts[blocks] = n;
        int ranges = Math.Clamp(((4 * pool.Count) + blocks - 1) / blocks, 1, Math.Max(1, mostPages / FewestPages));
        Rows partial = partialPicks.Take(n * ranges, (2 * k) + 1);
        fixed (int* shown = visible, picked = picks, starts = blockStarts)
        {
            var scan = new Fp4ScanJob
            {
                Device = this,
                LaidOut = laidOut,
                Tiles = tiles,
                HeadDim = headDim,
                Keys = keyTables,
                Visible = shown,
                Starts = starts,
                Ranges = ranges,
                PagesPerRange = (mostPages + ranges - 1) / ranges,
                Partial = partial,
                K = k,
            };
            pool.Run(ref scan, blocks * ranges);
            var join = new JoinPicksJob { Device = this, Partial = partial, Ranges = ranges, Visible = shown, Picks = picked, K = k };
            RunRows(ref join, n, 16 * k);
        }
    }

    private struct LayOutJob : IParallelJob
    {
        public Rows Queries;
        public Rows HeadWeights;
        public Rows Target;
        public int Tiles;
        public int HeadDim;

        public readonly void Execute(int item, int worker)
        {
            int row = item / Tiles, tile = item % Tiles, first = tile * Fp4Keys.HeadsAtOnce;
            int heads = Math.Min(Fp4Keys.HeadsAtOnce, HeadWeights.Width - first);
            int* target = (int*)Target.At(row) + (tile * Fp4Keys.WordsOfFourHeads(HeadDim));
            Fp4Keys.LayOut(Queries.At(row) + ((long)first * HeadDim), HeadWeights.At(row) + first, heads, HeadDim, target);
        }
    }

    private struct Fp4ScanJob : IParallelJob
    {
        public CpuDevice Device;
        public Rows LaidOut;
        public int Tiles;
        public int HeadDim;
        public PagedRows[] Keys;
        public int* Visible;
        public int* Starts;
        public int Ranges;
        public int PagesPerRange;
        public Rows Partial;
        public int K;

        public readonly void Execute(int item, int worker)
        {
            int block = item / Ranges, range = item % Ranges;
            int firstRow = Starts[block], rows = Starts[block + 1] - firstRow, end = 0;
            for (int r = 0; r < rows; r++) end = Math.Max(end, Visible[firstRow + r] <= K ? 0 : Visible[firstRow + r]);

            int keyWords = Fp4Keys.UnpackedBytes(HeadDim) / sizeof(float), scaleWords = (HeadDim + 31) / 32 * PagedRows.RowsPerPage;
            float* scratch = Device.Scratch(worker, keyWords + scaleWords + (5 * PagedRows.RowsPerPage) + ((long)rows * BestEntries.WordsFor(K)));
            byte* unpacked = (byte*)scratch;
            float* scales = scratch + keyWords, sums = scales + scaleWords, scores = sums + (4 * PagedRows.RowsPerPage);
            int* memory = (int*)(scores + PagedRows.RowsPerPage);
            BestEntries* best = stackalloc BestEntries[QueriesPerBlock];
            for (int r = 0; r < rows; r++) best[r] = new BestEntries(K, memory + (r * BestEntries.WordsFor(K)));

            int firstEntry = range * PagesPerRange * PagedRows.RowsPerPage;
            end = Math.Min(end, firstEntry + (PagesPerRange * PagedRows.RowsPerPage));
            PagedRows keys = Keys[firstRow];
            for (int entry = firstEntry; entry < end; entry += PagedRows.RowsPerPage)
            {
                Fp4Keys.Unpack(keys.PageOf(entry), HeadDim, unpacked, scales);
                for (int r = 0; r < rows; r++)
                {
                    int count = Math.Min(PagedRows.RowsPerPage, Visible[firstRow + r] - entry);
                    if (count <= 0 || Visible[firstRow + r] <= K) continue;
                    new Span<float>(scores, PagedRows.RowsPerPage).Clear();
                    int* heads = (int*)LaidOut.At(firstRow + r);
                    for (int tile = 0; tile < Tiles; tile++, heads += Fp4Keys.WordsOfFourHeads(HeadDim)) Fp4Keys.AddHeads(heads, HeadDim, unpacked, scales, sums, scores);
                    best[r].Add(scores, entry, count);
                }
            }

            for (int r = 0; r < rows; r++)
            {
                int* result = (int*)Partial.At(((firstRow + r) * Ranges) + range);
                result[0] = best[r].Finish(result + 1, (float*)(result + 1 + K));
            }
        }
    }

    // The best of all ranges; a row that sees no more than k entries gets them all.
    private struct JoinPicksJob : IParallelJob
    {
        public CpuDevice Device;
        public Rows Partial;
        public int Ranges;
        public int* Visible;
        public int* Picks;
        public int K;

        public readonly void Execute(int item, int worker)
        {
            var picks = new Span<int>(Picks + ((long)item * K), K);
            int count = Math.Min(K, Visible[item]);
            picks[count..].Fill(-1);
            if (Visible[item] <= K)
            {
                for (int i = 0; i < count; i++) picks[i] = i;
                return;
            }

            int* memory = (int*)Device.Scratch(worker, BestEntries.WordsFor(K) + K);
            var best = new BestEntries(K, memory + K);
            for (int range = 0; range < Ranges; range++)
            {
                int* part = (int*)Partial.At((item * Ranges) + range);
                best.Add(new ReadOnlySpan<int>(part + 1, part[0]), new ReadOnlySpan<float>(part + 1 + K, part[0]));
            }

            fixed (int* target = picks) best.Finish(target, (float*)memory);
        }
    }
}
