using BenchmarkDotNet.Attributes;
using Fathom.Compute.Memory;

namespace Fathom.Benchmarks;

/// <summary>Attention of V4-Flash: 64 heads of 512 over one shared key/value head.</summary>
public class AttentionBenchmarks : DeviceBenchmark
{
    private const int Heads = 64, HeadDim = 512;

    private readonly float[] sinks = RandomValues.Of(Heads);
    private Rows queries, output;
    private AddressLists? keys;

    /// <summary>Keys that a query sees: the window, or window and picked entries.</summary>
    [Params(128, 640)]
    public int Keys { get; set; }

    /// <summary>Attend.</summary>
    [Benchmark]
    public void Attend() => Device.Attend(queries, HeadDim, keys!, sinks, 0.04f, output);

    /// <inheritdoc/>
    protected override void Prepare()
    {
        queries = Random(Rows, Heads * HeadDim);
        output = Random(Rows, Heads * HeadDim);
        keys = RandomValues.Lists(Rows, Random(Keys, HeadDim));
    }
}
