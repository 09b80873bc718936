using BenchmarkDotNet.Attributes;
using Fathom.Compute;
using Fathom.Compute.Memory;

namespace Fathom.Benchmarks;

/// <summary>Mixing and spreading of four residual streams of 4,096.</summary>
public unsafe class HyperConnectionBenchmarks : DeviceBenchmark
{
    private const int Hidden = 4096, Streams = 4, Outputs = 24;

    private Rows streams, mixed, post, comb;
    private HyperConnectionWeights? weights;

    /// <summary>MixStreams.</summary>
    [Benchmark]
    public void Mix() => Device.MixStreams(streams, weights!, mixed, post, comb);

    /// <summary>SpreadStreams; the streams are kept small, because they add up.</summary>
    [Benchmark]
    public void Spread() => Device.SpreadStreams(mixed, post, comb, streams);

    /// <inheritdoc/>
    protected override void Prepare()
    {
        streams = Random(Rows, Streams * Hidden);
        mixed = Random(Rows, Hidden);
        post = Random(Rows, Streams);
        comb = Random(Rows, Streams * Streams);
        new Span<float>(comb.Data, Rows * Streams * Streams).Fill(0.2f);
        var matrix = new WeightMatrix(WeightFormat.F32, Outputs, Streams * Hidden, Random(Outputs, Streams * Hidden).Data);
        weights = new HyperConnectionWeights(matrix, [0.7f, 0.5f, 1.3f], RandomValues.Of(Outputs), Streams, 20, 1e-6f, 1e-6f);
    }
}
