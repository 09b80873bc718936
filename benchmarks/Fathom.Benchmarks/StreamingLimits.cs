using System.Diagnostics;
using Fathom.Evaluation.Planning;
using Fathom.Model;

namespace Fathom.Benchmarks;

/// <summary>
/// What a machine allows a streamed model: its disk alone, its processor alone, and both at once. A real disk writes into memory by itself; the disk of a virtual machine is a program that
/// copies, and takes its time from the same processor, which only running both at once shows.
/// </summary>
/// <param name="Disk">Bytes per second of the same reads while nothing computes.</param>
/// <param name="Processor">Tokens per second while nothing is read.</param>
/// <param name="DiskBeside">Bytes per second while the model computes as fast as it can.</param>
/// <param name="ProcessorBeside">Tokens per second while the disk reads as fast as it can.</param>
internal sealed record StreamingLimits(double Disk, double Processor, double DiskBeside, double ProcessorBeside)
{
    /// <summary>Measures, some seconds.</summary>
    /// <param name="model">A model whose arena holds the experts of one token.</param>
    /// <param name="session">A session of it with tokens in it; it stays as it is.</param>
    /// <param name="files">Files of the model.</param>
    public static StreamingLimits Measure(V4Model model, ISession session, string[] files)
    {
        double DiskSpeed() => DiskProbe.Measure(files) ?? throw new ArgumentException($"{files[0]} is too small to measure a disk with.");
        double disk = DiskSpeed();
        double processor = Repeat(model, session, Task.Delay(TimeSpan.FromSeconds(2)));
        Task<double> reading = Task.Run(DiskSpeed);
        double beside = Repeat(model, session, reading);
        return new StreamingLimits(Math.Max(disk, DiskSpeed()), processor, reading.Result, beside);
    }

    /// <summary>Tokens per second that the disk is enough for.</summary>
    /// <param name="bytesPerToken">Bytes that a token reads.</param>
    public double OfDisk(double bytesPerToken) => Disk / bytesPerToken;

    /// <summary>
    /// Tokens per second when reads and products never wait for each other: a token takes its processor time, and what its bytes take of the processor.
    /// </summary>
    /// <param name="bytesPerToken">Bytes that a token reads.</param>
    public double OfBoth(double bytesPerToken)
    {
        double secondsOfByte = Math.Max(0, 1 - (ProcessorBeside / Processor)) / DiskBeside;
        return Math.Min(OfDisk(bytesPerToken), 1 / ((1 / Processor) + (secondsOfByte * bytesPerToken)));
    }

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
