using BenchmarkDotNet.Attributes;
using Fathom.Compute.Memory;

namespace Fathom.Benchmarks;

/// <summary>Compression of blocks of key/value rows of 512.</summary>
public class CompressBenchmarks : DeviceBenchmark
{
    private const int Width = 512;

    private Rows output;
    private AddressLists? values, scores;

    /// <summary>Rows that an entry pools: of a CSA layer, or of an HCA layer.</summary>
    [Params(8, 128)]
    public int Candidates { get; set; }

    /// <summary>Compress.</summary>
    [Benchmark]
    public void Compress() => Device.Compress(values!, scores!, output);

    /// <inheritdoc/>
    protected override void Prepare()
    {
        output = Random(Rows, Width);
        values = RandomValues.Lists(Rows, Random(Candidates, Width));
        scores = RandomValues.Lists(Rows, Random(Candidates, Width));
    }
}
