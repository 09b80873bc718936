using System.Runtime.InteropServices;
using Fathom.Compute;

namespace Fathom.Benchmarks;

/// <summary>Matrices of random weights, together larger than any cache, so that using one after the other reads from memory.</summary>
internal sealed unsafe class RandomMatrices : IDisposable
{
    private const long Bytes = 400_000_000;

    private readonly byte* weights;
    private readonly byte* scales;
    private int next;

    public RandomMatrices(WeightFormat format, int outputs, int inputs)
    {
        MatrixBytes = (long)outputs * inputs / 256 * format switch
        {
            WeightFormat.Fp4 => 128,
            WeightFormat.Mxfp4 => 136,
            WeightFormat.Fp8 => 256,
            WeightFormat.Q80 => 272,
            WeightFormat.F32 => 1024,
            WeightFormat.Q4K => 144,
            WeightFormat.Q6K => 210,
            WeightFormat.Q2K => 84,
            WeightFormat.Iq2Xxs => 66,
            _ => 512,
        };
        int count = (int)(Bytes / MatrixBytes);
        weights = (byte*)NativeMemory.AlignedAlloc((nuint)(count * MatrixBytes), 64);
        scales = (byte*)NativeMemory.AlignedAlloc((nuint)((long)outputs * inputs / 32), 64);
        new Span<byte>(scales, outputs * inputs / 32).Fill(127);

        // The mask keeps every code and every binary16 scale an ordinary number; UE8M0 scales are near 1, so that no product is subnormal.
        var random = new Random(1);
        for (long i = 0; i < MatrixBytes; i++) weights[i] = (byte)(random.Next(256) & 0x37);
        for (long i = 0; format == WeightFormat.Mxfp4 && i < MatrixBytes; i += 17) weights[i] = 120;
        for (int i = 1; i < count; i++) Buffer.MemoryCopy(weights, weights + (i * MatrixBytes), MatrixBytes, MatrixBytes);
        bool hasScales = format is WeightFormat.Fp4 or WeightFormat.Fp8;
        All = [.. Enumerable.Range(0, count).Select(i => new WeightMatrix(format, outputs, inputs, weights + (i * MatrixBytes), hasScales ? scales : null))];
    }

    /// <summary>Bytes of one matrix without separate scales.</summary>
    public long MatrixBytes { get; }

    public IReadOnlyList<WeightMatrix> All { get; }

    /// <summary>One after the other.</summary>
    public WeightMatrix Next() => All[next++ % All.Count];

    public void Dispose()
    {
        NativeMemory.AlignedFree(weights);
        NativeMemory.AlignedFree(scales);
    }
}
