using System.Diagnostics;
using Fathom.Evaluation.Planning;
using Fathom.Model;

namespace Fathom.Benchmarks;

/// <summary>
/// What a machine allows a streamed model: its disk alone, its processor alone, and both at once. A real disk writes into memory by itself; the disk of a virtual machine is a program that
/// copies, and takes its time from the same processor, which only running both at once shows.
/// </summary>
/// <param name="Processor">Tokens per second while nothing is read.</param>
/// <param name="Disk">The disk with the same reads, and what they take from the model.</param>
internal sealed record StreamingLimits(double Processor, DiskSpeed Disk)
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(2);

    /// <summary>Measures, some seconds.</summary>
    /// <param name="model">A model whose arena holds the experts of one token.</param>
    /// <param name="session">A session of it with tokens in it; it stays as it is.</param>
    /// <param name="files">Files of the model.</param>
    public static StreamingLimits Measure(V4Model model, ISession session, string[] files)
    {
        using DiskProbe probe = DiskProbe.Open(files) ?? throw new ArgumentException($"{files[0]} is too small to measure a disk with.");
        double disk = probe.Measure(Duration), processor = Repeat(model, session, Task.Delay(Duration));
        Task<double> reading = Task.Run(() => probe.Measure(Duration));
        double beside = Repeat(model, session, reading);
        return new StreamingLimits(processor, new DiskSpeed(Math.Max(disk, probe.Measure(Duration)), reading.Result, Math.Min(1, beside / processor)));
    }

    /// <summary>These limits with a disk that never gives more than so much.</summary>
    /// <param name="bytesPerSecond">What it gives.</param>
    public StreamingLimits WithDisk(double bytesPerSecond)
    {
        // What a read takes of the processor goes with its bytes.
        double busy = Math.Min(bytesPerSecond, Disk.BusyBytesPerSecond);
        return this with { Disk = new DiskSpeed(Math.Min(bytesPerSecond, Disk.BytesPerSecond), busy, 1 - ((1 - Disk.ComputeShare) * busy / Disk.BusyBytesPerSecond)) };
    }

    /// <summary>Tokens per second that the disk alone is enough for.</summary>
    /// <param name="bytesPerToken">Bytes that a token reads.</param>
    public double OfDisk(double bytesPerToken) => Disk.BytesPerSecond / bytesPerToken;

    /// <summary>Tokens per second if reads and products never waited for each other.</summary>
    /// <param name="bytesPerToken">Bytes that a token reads.</param>
    public double OfBoth(double bytesPerToken) => 1 / Disk.Together(1 / Processor, bytesPerToken);

    // The same token again and again on forks of a session: its experts are there after the first time.
    private static double Repeat(V4Model model, ISession session, Task until)
    {
        int[] token = [7];
        int count = 0;
        long started = 0;
        for (; count < 2 || !until.IsCompleted; count++)
        {
            if (count == 1) started = Stopwatch.GetTimestamp();
            using ISession fork = session.Fork();
            model.Forward(new Batch().Add(fork, token));
        }

        return (count - 1) / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
