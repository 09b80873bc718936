using System.Diagnostics;
using Fathom.Model.Streaming;

namespace Fathom.Benchmarks;

/// <summary>Files on a disk that is slower than this machine's: one read after the other takes its bytes' time, however many are asked for at once. The bytes really come from the disk.</summary>
internal sealed unsafe class PacedFiles(IExpertFiles files, double bytesPerSecond) : IExpertFiles
{
    private readonly Lock gate = new();

    // When the disk has done all that it was asked for. Under the gate.
    private long freeAt;

    public string PathOf(int file) => files.PathOf(file);

    public int Read(int file, long offset, byte* target, int count)
    {
        long doneAt;
        lock (gate)
        {
            doneAt = freeAt = Math.Max(freeAt, Stopwatch.GetTimestamp()) + (long)(count / bytesPerSecond * Stopwatch.Frequency);
        }

        int read = files.Read(file, offset, target, count);
        if (Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), doneAt) is { Ticks: > 0 } left) Thread.Sleep(left);
        return read;
    }

    public void Dispose() => files.Dispose();
}
