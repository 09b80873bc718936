using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Fathom.Compute.Workers;

/// <summary>
/// Long-lived threads that share out the items of a job. The calling thread works too, as worker 0. One job runs
/// at a time; a second caller waits. Starting a job allocates nothing.
/// </summary>
public sealed unsafe class WorkerPool : IDisposable
{
    // About 150 microseconds of looking before a worker sleeps: longer than the gaps between the operations of a
    // layer, short enough not to cost power when the engine idles.
    private const int SpinsBeforeSleep = 3000;

    // Added to `state` while no job is open.
    private const int Closed = int.MinValue / 2;

    // Waiting workers look at memory, so a crowd of them holds up those that work.
    private const int MostPerProcessor = 8;

    private readonly Thread[] threads;
    private readonly Lock oneJobAtATime = new();
    private readonly object sleepers = new();

    // The job: written by the caller before `generation` moves, read by workers after they saw it move.
    private void* job;
    private delegate*<void*, int, int, void> invoke;
    private int itemCount;

    // Taken by everybody with an atomic increment.
    private int nextItem;

    // Workers that are inside the job, plus `Closed` when there is none. A worker that comes late finds it closed and
    // leaves again: nobody waits for a thread that is still waking up.
    private int state = Closed;

    // Moved by the caller under the `sleepers` lock, watched by workers.
    private volatile int generation;
    private volatile bool stopping;
    private ExceptionDispatchInfo? failure;

    /// <summary>Starts the threads.</summary>
    /// <param name="workers">Workers in all, the caller included; null takes one per processor that this process may use, and more than eight per processor are never started.</param>
    public WorkerPool(int? workers = null)
    {
        Count = Math.Min(workers ?? Environment.ProcessorCount, MostPerProcessor * Environment.ProcessorCount);
        ArgumentOutOfRangeException.ThrowIfLessThan(Count, 1, nameof(workers));
        threads = new Thread[Count - 1];
        for (int i = 0; i < threads.Length; i++)
        {
            int worker = i + 1;
            threads[i] = new Thread(() => Work(worker)) { IsBackground = true, Name = $"Fathom worker {worker}" };
            threads[i].Start();
        }
    }

    /// <summary>Workers in all, the calling thread included.</summary>
    public int Count { get; }

    /// <summary>Runs items 0..<paramref name="items"/> − 1 of a job and returns when all are done.</summary>
    /// <exception cref="Exception">The first exception that an item threw; the other items may or may not have run.</exception>
    public void Run<TJob>(ref TJob work, int items)
        where TJob : struct, IParallelJob
    {
        if (Count == 1 || items <= 1)
        {
            // Scratch of worker 0 belongs to whoever holds the lock.
            lock (oneJobAtATime)
            {
                for (int item = 0; item < items; item++) work.Execute(item, 0);
            }

            return;
        }

        lock (oneJobAtATime)
        {
            // The struct lives in the caller's frame, which outlasts this method, and frames do not move.
            job = Unsafe.AsPointer(ref work);
            invoke = &Invoke<TJob>;
            itemCount = items;
            nextItem = 0;
            failure = null;
            Interlocked.Add(ref state, -Closed);
            lock (sleepers)
            {
                generation++;
                Monitor.PulseAll(sleepers);
            }

            TakeItems(0);
            var wait = default(SpinWait);
            Interlocked.Add(ref state, Closed);
            while (Volatile.Read(ref state) != Closed) wait.SpinOnce(-1);
            failure?.Throw();
        }
    }

    /// <summary>Stops the threads. No job may be running.</summary>
    public void Dispose()
    {
        lock (sleepers)
        {
            stopping = true;
            Monitor.PulseAll(sleepers);
        }

        foreach (Thread thread in threads) thread.Join();
    }

    private static void Invoke<TJob>(void* work, int item, int worker)
        where TJob : struct, IParallelJob => Unsafe.AsRef<TJob>(work).Execute(item, worker);

    private void Work(int worker)
    {
        int seen = 0;
        while (true)
        {
            for (int spins = 0; generation == seen && !stopping; spins++)
            {
                if (spins < SpinsBeforeSleep)
                {
                    Thread.SpinWait(8);
                    continue;
                }

                lock (sleepers)
                {
                    while (generation == seen && !stopping) Monitor.Wait(sleepers);
                }
            }

            if (stopping) return;
            seen = generation;
            if (Interlocked.Increment(ref state) > 0) TakeItems(worker);
            Interlocked.Decrement(ref state);
        }
    }

    private void TakeItems(int worker)
    {
        try
        {
            int item;
            while ((item = Interlocked.Increment(ref nextItem) - 1) < itemCount) invoke(job, item, worker);
        }
        catch (Exception exception)
        {
            // Kept for the caller; taking the remaining items away ends the job early.
            Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(exception), null);
            Volatile.Write(ref nextItem, int.MaxValue / 2);
        }
    }
}
