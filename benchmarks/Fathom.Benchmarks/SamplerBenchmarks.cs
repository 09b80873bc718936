using BenchmarkDotNet.Attributes;
using Fathom.Inference;

namespace Fathom.Benchmarks;

/// <summary>Picking a token from the logits of V4's whole vocabulary.</summary>
public class SamplerBenchmarks
{
    private readonly float[] logits = RandomValues.Of(129_280);
    private Sampler? sampler;

    /// <summary>0 takes the most likely token.</summary>
    [Params(0f, 1f)]
    public float Temperature { get; set; }

    /// <summary>Makes the sampler.</summary>
    [GlobalSetup]
    public void Setup() => sampler = new Sampler(new SamplingOptions { Temperature = Temperature, Seed = 1 });

    /// <summary>Sample.</summary>
    [Benchmark]
    public int Sample() => sampler!.Sample(logits);

    /// <summary>The log probabilities of a token and of the most likely ones.</summary>
    [Benchmark]
    public float LogProbabilities() => Sampler.LogProbabilities(logits, 7, 5).Top.Length;
}
