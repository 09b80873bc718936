using Fathom.Compute.Memory;
using Fathom.Compute.Workers;

namespace Fathom.Compute.Cpu;

/// <summary>
/// The operations of V4 on the processor: SIMD kernels over all cores. Work is cut into items that write disjoint
/// results, and every number is computed in an order that depends on its own row alone, so that neither the number
/// of workers nor the rest of the batch changes a bit.
/// </summary>
public sealed unsafe partial class CpuDevice : IDevice
{
    // Below this many floats a fork and join costs more than it saves.
    private const int FloatsPerItem = 8192;

    private readonly WorkerPool pool;
    private readonly Arithmetic arithmetic;
    private readonly NativeBuffer[] scratch;
    private readonly NativeBuffer mixes = new();

    /// <summary>Starts a device with its own workers.</summary>
    /// <param name="workers">Threads in all, the caller's included; null takes one per processor that this process may use.</param>
    /// <param name="arithmetic">How matrix products treat their inputs.</param>
    public CpuDevice(int? workers = null, Arithmetic arithmetic = Arithmetic.Exact)
    {
        this.arithmetic = arithmetic;
        pool = new WorkerPool(workers);
        scratch = new NativeBuffer[pool.Count];
        for (int i = 0; i < scratch.Length; i++) scratch[i] = new NativeBuffer();
    }

    /// <summary>Threads that take part, the caller's included.</summary>
    public int WorkerCount => pool.Count;

    /// <summary>Stops the workers and frees their scratch.</summary>
    public void Dispose()
    {
        pool.Dispose();
        mixes.Dispose();
        integers.Dispose();
        entryScores.Dispose();
        laidOutQueries.Dispose();
        partialPicks.Dispose();
        foreach (NativeBuffer buffer in scratch) buffer.Dispose();
    }

    private float* Scratch(int worker, long floats) => scratch[worker].Take(1, checked((int)floats)).Data;

    // Runs a job row by row; narrow rows share an item.
    private void RunRows<TJob>(ref TJob job, int rows, int floatsPerRow)
        where TJob : struct, IParallelJob
    {
        int perItem = Math.Max(1, FloatsPerItem / Math.Max(1, floatsPerRow));
        var chunked = new RowChunks<TJob> { Job = job, Rows = rows, PerItem = perItem };
        pool.Run(ref chunked, (rows + perItem - 1) / perItem);
    }

    private struct RowChunks<TJob> : IParallelJob
        where TJob : struct, IParallelJob
    {
        public TJob Job;
        public int Rows;
        public int PerItem;

        public void Execute(int item, int worker)
        {
            int end = Math.Min(Rows, (item + 1) * PerItem);
            for (int row = item * PerItem; row < end; row++) Job.Execute(row, worker);
        }
    }
}
