using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Fathom.Compute.Memory;

namespace Fathom.Compute.Workers;

/// <summary>How many threads this machine is best used with, found out by a short measurement: a row of small jobs that read memory, as decoding does.</summary>
/// <param name="Rates">Bytes per second with 1, 2, 4 … threads, up to the processors that this process may use (affinity and container limits count).</param>
public sealed record ThreadMeasurement(IReadOnlyList<(int Threads, double BytesPerSecond)> Rates)
{
    // More threads count as worse only when they are slower by more than this: prompts gain from each thread, and noise is not to decide.
    private const double Tolerance = 0.1;

    private const int FloatsPerItem = 16 << 10;
    private const int FewestItems = 32;
    private const int Jobs = 8;
    private const int FewestRounds = 2;
    private const int MostRounds = 20;

    private static readonly TimeSpan Budget = TimeSpan.FromMilliseconds(40);

    private static readonly Lazy<ThreadMeasurement> Measured = new(() => Measure(Environment.ProcessorCount));

    /// <summary>The measurement of this process, made at the first use; some tens of milliseconds.</summary>
    public static ThreadMeasurement Here => Measured.Value;

    /// <summary>The largest number of threads that is not clearly slower than the fastest one.</summary>
    public int Threads
    {
        get
        {
            double fastest = Rates.Max(rate => rate.BytesPerSecond);
            return Rates.Where(rate => rate.BytesPerSecond >= (1 - Tolerance) * fastest).Max(rate => rate.Threads);
        }
    }

    /// <summary>What was found out, in words.</summary>
    public override string ToString() => Rates.Count == 1
        ? "1 thread on 1 processor"
        : string.Create(CultureInfo.InvariantCulture, $"{Threads} of {Rates[^1].Threads} threads, reading with {string.Join(", ", Rates.Select(rate => string.Create(CultureInfo.InvariantCulture, $"{rate.Threads}: {rate.BytesPerSecond / 1e9:0.0}")))} GB/s");

    /// <summary>Measures.</summary>
    /// <param name="processors">Threads at most.</param>
    public static ThreadMeasurement Measure(int processors)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(processors);
        int[] counts = [.. Candidates(processors)];
        if (counts.Length == 1) return new ThreadMeasurement([(1, 0)]);
        int items = Math.Max(FewestItems, 2 * processors);
        using var memory = new NativeBuffer();
        Rows rows = memory.Take(Jobs * items, FloatsPerItem);
        using (var all = new WorkerPool(processors))
        {
            var fill = new FillJob { Rows = rows };
            all.Run(ref fill, rows.Count);
        }

        // The best of several passes counts, and the counts take turns, so that a disturbance meets all of them. Only when all processors seem to be too many it is worth a closer look.
        var best = new double[counts.Length];
        ThreadMeasurement found;
        long started = Stopwatch.GetTimestamp();
        int round = 0;
        do
        {
            for (int i = 0; i < counts.Length; i++) best[i] = Math.Max(best[i], sizeof(float) * (double)rows.Count * FloatsPerItem / Seconds(counts[i], rows, items));
            found = new ThreadMeasurement([.. counts.Zip(best)]);
        }
        while (++round < FewestRounds || (found.Threads < processors && round < MostRounds && Stopwatch.GetElapsedTime(started) < Budget));
        return found;
    }

    /// <summary>1, 2, 4 … and the most.</summary>
    internal static IEnumerable<int> Candidates(int processors)
    {
        for (int count = 1; count < processors; count *= 2) yield return count;
        yield return processors;
    }

    // A pool of its own each time: the idle workers of another would look for work on the same processors.
    private static double Seconds(int threads, Rows rows, int items)
    {
        using var pool = new WorkerPool(threads);
        var job = new ReadJob { Rows = rows.Slice(0, items) };
        pool.Run(ref job, items);
        long started = Stopwatch.GetTimestamp();
        for (int i = 0; i < Jobs; i++)
        {
            job.Rows = rows.Slice(i * items, items);
            pool.Run(ref job, items);
        }

        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private struct FillJob : IParallelJob
    {
        public Rows Rows;

        public readonly void Execute(int item, int worker) => Rows[item].Fill(1f);
    }

    private unsafe struct ReadJob : IParallelJob
    {
        public Rows Rows;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute(int item, int worker)
        {
            float* values = Rows.At(item);
            Vector512<float> a = default, b = default, c = default, d = default, factor = Vector512.Create(0.5f);
            for (int i = 0; i < FloatsPerItem; i += Vector512<float>.Count)
            {
                // Several operations for what is read at once, as when codes are decoded.
                Vector512<float> x = Vector512.Load(values + i);
                a = Vector512.FusedMultiplyAdd(a, factor, x);
                b = Vector512.FusedMultiplyAdd(x, factor, b);
                c = Vector512.FusedMultiplyAdd(x, x, c);
                d = Vector512.FusedMultiplyAdd(d, factor, x);
            }

            // Written so that nothing is left out as unused.
            values[0] = Vector512.Sum(a + b + c + d) / FloatsPerItem;
        }
    }
}
