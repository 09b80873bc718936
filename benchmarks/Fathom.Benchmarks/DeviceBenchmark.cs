using BenchmarkDotNet.Attributes;
using Fathom.Compute.Cpu;
using Fathom.Compute.Memory;

namespace Fathom.Benchmarks;

/// <summary>What benchmarks of single operations share: a device, memory for rows, and the size of the batch.</summary>
public abstract class DeviceBenchmark
{
    private readonly List<NativeBuffer> buffers = [];

    /// <summary>Rows of the batch: a decoded token, or a chunk of a prompt.</summary>
    [Params(1, 256)]
    public int Rows { get; set; }

    /// <summary>The device, with a thread for each processor.</summary>
    protected CpuDevice Device { get; private set; } = null!;

    /// <summary>Starts the device and makes the operands.</summary>
    [GlobalSetup]
    public void Setup()
    {
        Device = new CpuDevice();
        Prepare();
    }

    /// <summary>Stops it and frees them.</summary>
    [GlobalCleanup]
    public void Cleanup()
    {
        foreach (NativeBuffer buffer in buffers) buffer.Dispose();
        Device.Dispose();
    }

    /// <summary>Makes the operands.</summary>
    protected abstract void Prepare();

    /// <summary>Random rows.</summary>
    protected Rows Random(int count, int width)
    {
        var buffer = new NativeBuffer();
        buffers.Add(buffer);
        return RandomValues.Fill(buffer.Take(count, width));
    }
}
