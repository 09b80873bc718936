using System.Numerics;
using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Fathom.Compute;
using Fathom.Compute.Cpu;
using Fathom.Compute.Memory;

namespace Fathom.Benchmarks;

/// <summary>One token through a matrix of V4-Flash's width, against reading the same bytes once with all cores: what memory allows.</summary>
public unsafe class LinearBenchmarks
{
    // Together larger than any cache, so that every call reads from memory.
    private const int Matrices = 24;
    private const int Outputs = 4096;
    private const int Inputs = 4096;

    private readonly CpuDevice device = new();
    private readonly NativeBuffer input = new();
    private readonly NativeBuffer output = new();
    private WeightMatrix[] matrices = [];
    private byte* weights;
    private byte* scales;
    private int next;

    /// <summary>How the weights are stored.</summary>
    [Params(WeightFormat.Fp4, WeightFormat.Fp8, WeightFormat.BF16, WeightFormat.Q80, WeightFormat.Mxfp4)]
    public WeightFormat Format { get; set; }

    /// <summary>Rows of the batch: a decoded token, or a chunk of a prompt.</summary>
    [Params(1, 256)]
    public int Rows { get; set; }

    private long MatrixBytes => (long)Outputs * Inputs / 32 * Format switch { WeightFormat.Fp4 => 16, WeightFormat.Mxfp4 => 17, WeightFormat.Fp8 => 32, WeightFormat.Q80 => 34, _ => 64 };

    /// <summary>Makes random weights.</summary>
    [GlobalSetup]
    public void Setup()
    {
        weights = (byte*)NativeMemory.Alloc((nuint)(Matrices * MatrixBytes));
        scales = (byte*)NativeMemory.Alloc(Outputs * Inputs / 32);
        new Span<byte>(scales, Outputs * Inputs / 32).Fill(127);
        var random = new Random(1);
        for (long i = 0; i < Matrices * MatrixBytes; i++) weights[i] = (byte)(random.Next(256) & 0x77);
        bool hasScales = Format is WeightFormat.Fp4 or WeightFormat.Fp8;
        matrices = [.. Enumerable.Range(0, Matrices).Select(i => new WeightMatrix(Format, Outputs, Inputs, weights + (i * MatrixBytes), hasScales ? scales : null))];
        Rows rows = input.Take(Rows, Inputs);
        for (int i = 0; i < Rows * Inputs; i++) rows.Data[i] = (float)random.NextDouble() - 0.5f;
        output.Take(Rows, Outputs);
    }

    /// <summary>Frees them.</summary>
    [GlobalCleanup]
    public void Cleanup()
    {
        NativeMemory.Free(weights);
        NativeMemory.Free(scales);
    }

    /// <summary>Reads every byte of a matrix once.</summary>
    [Benchmark(Baseline = true)]
    public long ReadBytes()
    {
        nint start = (nint)matrices[next++ % Matrices].Data;
        int parts = Environment.ProcessorCount;
        long bytes = MatrixBytes / parts;
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
    public void Linear() => device.Linear(input.Take(Rows, Inputs), matrices[next++ % Matrices], output.Take(Rows, Outputs));
}
