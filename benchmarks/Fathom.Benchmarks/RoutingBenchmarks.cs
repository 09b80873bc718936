using BenchmarkDotNet.Attributes;
using Fathom.Compute.Memory;

namespace Fathom.Benchmarks;

/// <summary>The choice of six experts among 256 or 384.</summary>
public class RoutingBenchmarks : DeviceBenchmark
{
    private const int Picks = 6;

    private Rows logits;
    private float[] bias = [], weights = [];
    private int[] experts = [];

    /// <summary>Experts of a layer.</summary>
    [Params(256, 384)]
    public int Experts { get; set; }

    /// <summary>RouteByScore; it writes the scores over the logits, which stay numbers.</summary>
    [Benchmark]
    public void Route() => Device.RouteByScore(logits, bias, 1.5f, experts, weights, Picks);

    /// <inheritdoc/>
    protected override void Prepare()
    {
        logits = Random(Rows, Experts);
        bias = RandomValues.Of(Experts);
        weights = new float[Rows * Picks];
        experts = new int[Rows * Picks];
    }
}
