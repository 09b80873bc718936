using System.Numerics;
using BenchmarkDotNet.Attributes;
using Fathom.Compute;
using Fathom.Compute.Cpu;
using Fathom.Compute.Memory;

namespace Fathom.Benchmarks;

/// <summary>One token through a matrix of V4-Flash's width, against reading the same bytes once with all cores: what memory allows.</summary>
public unsafe class LinearBenchmarks
{
    private const int Outputs = 4096;
    private const int Inputs = 4096;

    private readonly NativeBuffer input = new();
    private readonly NativeBuffer output = new();
    private CpuDevice? device;
    private RandomMatrices? matrices;

    /// <summary>How the weights are stored.</summary>
    [Params(WeightFormat.Fp4, WeightFormat.Fp8, WeightFormat.BF16, WeightFormat.Q80, WeightFormat.Mxfp4)]
    public WeightFormat Format { get; set; }

    /// <summary>Rows of the batch: a decoded token, or a chunk of a prompt.</summary>
    [Params(1, 256)]
    public int Rows { get; set; }

    /// <summary>Whether inputs become 8-bit integers.</summary>
    [Params(Arithmetic.Exact, Arithmetic.Fast)]
    public Arithmetic Arithmetic { get; set; }

    /// <summary>Makes random weights.</summary>
    [GlobalSetup]
    public void Setup()
    {
        device = new CpuDevice(arithmetic: Arithmetic);
        matrices = new RandomMatrices(Format, Outputs, Inputs);
        var random = new Random(1);
        Rows rows = input.Take(Rows, Inputs);
        for (int i = 0; i < Rows * Inputs; i++) rows.Data[i] = (float)random.NextDouble() - 0.5f;
        output.Take(Rows, Outputs);
    }

    /// <summary>Frees them.</summary>
    [GlobalCleanup]
    public void Cleanup()
    {
        matrices!.Dispose();
        device!.Dispose();
    }

    /// <summary>Reads every byte of a matrix once.</summary>
    [Benchmark(Baseline = true)]
    public long ReadBytes()
    {
        nint start = (nint)matrices!.Next().Data;
        int parts = Environment.ProcessorCount;
        long bytes = matrices.MatrixBytes / parts;
        long sum = 0;
        Parallel.For(0, parts, part =>
        {
            var values = new ReadOnlySpan<Vector<long>>((byte*)start + (part * bytes), (int)(bytes / Vector<byte>.Count));
            Vector<long> a = default, b = default, c = default, d = default;
            for (int i = 0; i + 3 < values.Length; i += 4)
            {
                a += values[i];
                b += values[i + 1];
                c += values[i + 2];
                d += values[i + 3];
            }

            Interlocked.Add(ref sum, Vector.Sum(a + b + c + d));
        });
        return sum;
    }

    /// <summary>y = x · Wᵀ.</summary>
    [Benchmark]
    public void Linear() => device!.Linear(input.Take(Rows, Inputs), matrices!.Next(), output.Take(Rows, Outputs));
}
