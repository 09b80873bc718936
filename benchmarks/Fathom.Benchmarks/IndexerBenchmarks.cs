using BenchmarkDotNet.Attributes;
using Fathom.Compute.Memory;

namespace Fathom.Benchmarks;

/// <summary>The scan of V4-Flash's indexer, 64 heads of 128, and the pick of 512 entries.</summary>
public unsafe class IndexerBenchmarks : DeviceBenchmark
{
    private const int Heads = 64, HeadDim = 128, Picks = 512;

    private Rows queries, weights;
    private PagedRows[] keys = [];
    private int[] visible = [], picks = [];

    /// <summary>Entries to choose from.</summary>
    [Params(2048, 16384)]
    public int Entries { get; set; }

    /// <summary>How keys are stored: in FP4 they are scanned in integers.</summary>
    [Params(RowFormat.F32, RowFormat.Fp4)]
    public RowFormat Format { get; set; }

    /// <summary>PickEntries.</summary>
    [Benchmark]
    public void PickEntries() => Device.PickEntries(queries, weights, keys, visible, picks, Picks);

    /// <inheritdoc/>
    protected override void Prepare()
    {
        queries = Random(Rows, Heads * HeadDim);
        if (Format == RowFormat.Fp4) Device.HadamardAndRoundToFp4(queries, HeadDim, RowLayout.Fp4Group);
        weights = Random(Rows, Heads);
        var entries = new PagedRows(new RowLayout(Format, HeadDim));
        Rows values = Random(Entries, HeadDim);
        for (int e = 0; e < Entries; e++) entries.Write(e, values[e]);
        keys = [.. Enumerable.Repeat(entries, Rows)];
        visible = [.. Enumerable.Repeat(Entries, Rows)];
        picks = new int[Rows * Picks];
    }
}
