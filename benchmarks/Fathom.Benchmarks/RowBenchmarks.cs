using BenchmarkDotNet.Attributes;
using Fathom.Compute.Cpu.Integers;
using Fathom.Compute.Memory;

namespace Fathom.Benchmarks;

/// <summary>What works on rows one by one: norms, rotation, gates and roundings, at V4-Flash's widths.</summary>
public unsafe class RowBenchmarks : DeviceBenchmark
{
    private const int Hidden = 4096, Inner = 2048, HeadDim = 128, Rotary = 64;

    private readonly float[] weight = RandomValues.Of(Hidden);
    private Rows input, output, gate, up, heads, angles, integers;

    /// <summary>RmsNorm.</summary>
    [Benchmark]
    public void Norm() => Device.RmsNorm(input, weight, 1e-6f, output);

    /// <summary>Rotate.</summary>
    [Benchmark]
    public void Rotate() => Device.Rotate(heads, HeadDim, angles, false);

    /// <summary>SwiGlu.</summary>
    [Benchmark]
    public void SwiGlu() => Device.SwiGlu(gate, up, 10f, []);

    /// <summary>RoundToFp8.</summary>
    [Benchmark]
    public void RoundToFp8() => Device.RoundToFp8(heads, HeadDim, Rotary, Rotary);

    /// <summary>HadamardAndRoundToFp4.</summary>
    [Benchmark]
    public void HadamardAndRoundToFp4() => Device.HadamardAndRoundToFp4(heads, HeadDim, 32);

    /// <summary>The rounding of fast products, on one thread.</summary>
    [Benchmark]
    public void RoundToIntegers()
    {
        var job = new IntegerRoundingJob { Input = input, Output = new IntegerInputs(integers.Data, Rows, Hidden, false) };
        for (int row = 0; row < Rows; row++) job.Execute(row, 0);
    }

    /// <inheritdoc/>
    protected override void Prepare()
    {
        (input, output, gate, up) = (Random(Rows, Hidden), Random(Rows, Hidden), Random(Rows, Inner), Random(Rows, Inner));
        (heads, angles) = (Random(Rows, 64 * HeadDim), Random(Rows, Rotary));
        integers = Random(Rows, IntegerInputs.FloatsPerRow(Hidden, false));
    }
}
