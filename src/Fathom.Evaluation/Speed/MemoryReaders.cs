using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Fathom.Evaluation.Speed;

/// <summary>Threads that read memory of their own, more than a cache holds: what memory gives, and a load for the processor like that of a decoded token.</summary>
internal sealed unsafe class MemoryReaders : IDisposable
{
    // More than the caches of today's machines, all together and for each thread.
    private const long LeastBytes = 512L << 20, LeastBytesPerThread = 64L << 20;
    private const long PieceBytes = 4L << 20;

    private readonly int threads;
    private readonly long bytesPerThread;
    private byte* memory;

    /// <summary>Takes the memory and touches all of it.</summary>
    /// <param name="threads">How many.</param>
    public MemoryReaders(int threads)
    {
        this.threads = threads;
        bytesPerThread = Math.Max(LeastBytesPerThread, LeastBytes / threads / PieceBytes * PieceBytes);
        memory = (byte*)NativeMemory.AlignedAlloc((nuint)Bytes, 64);
        OnThreads(threads, thread =>
        {
            for (long i = 0; i < bytesPerThread; i += 1 << 20) new Span<byte>(memory + (thread * bytesPerThread) + i, 1 << 20).Fill((byte)i);
        });
    }

    /// <summary>Bytes of all.</summary>
    public long Bytes => bytesPerThread * threads;

    /// <summary>Each thread reads all of its memory once.</summary>
    public void ReadOnce() => OnThreads(threads, thread => Read(memory + (thread * bytesPerThread), bytesPerThread));

    /// <summary>All threads read while something else goes on.</summary>
    /// <param name="work">It runs on the calling thread.</param>
    /// <returns>Bytes per second that they read.</returns>
    public double RateDuring(Action work)
    {
        bool isOver = false;
        long pieces = 0;
        void Loop(int thread)
        {
            long place = 0, done = 0;
            while (!Volatile.Read(ref isOver))
            {
                Read(memory + (thread * bytesPerThread) + place, PieceBytes);
                place = (place + PieceBytes) % bytesPerThread;
                done++;
            }

            Interlocked.Add(ref pieces, done);
        }

        long started = Stopwatch.GetTimestamp();
        Thread[] running = Start(threads, Loop);
        try
        {
            work();
        }
        finally
        {
            Volatile.Write(ref isOver, true);
            foreach (Thread thread in running) thread.Join();
        }

        return pieces * PieceBytes / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    /// <summary>Runs something on threads of its own and waits for all.</summary>
    public static void OnThreads(int count, Action<int> work)
    {
        foreach (Thread thread in Start(count, work)) thread.Join();
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        NativeMemory.AlignedFree(memory);
        memory = null;
    }

    private static Thread[] Start(int count, Action<int> work)
    {
        Thread[] threads = [.. Enumerable.Range(0, count).Select(i => new Thread(() => work(i)))];
        foreach (Thread thread in threads) thread.Start();
        return threads;
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static int Read(byte* memory, long bytes)
    {
        Vector512<int> a = default, b = default, c = default, d = default;
        for (long i = 0; i < bytes; i += 256)
        {
            a ^= Vector512.Load((int*)(memory + i));
            b ^= Vector512.Load((int*)(memory + i + 64));
            c ^= Vector512.Load((int*)(memory + i + 128));
            d ^= Vector512.Load((int*)(memory + i + 192));
        }

        return Vector512.Sum(a ^ b ^ c ^ d);
    }
}
