using System.Diagnostics;

namespace Fathom.Hub.Downloads;

/// <summary>Adds up what all connections fetch and tells the progress. All members may be called from any thread.</summary>
internal sealed class PullCounter(long totalBytes, int totalFiles, IProgress<PullProgress>? progress)
{
    private static readonly TimeSpan BetweenSamples = TimeSpan.FromSeconds(0.5);
    private const int Samples = 20;

    private readonly Lock gate = new();
    private readonly Queue<(long Time, long Fetched)> samples = new();
    private long done;
    private long fetched;
    private long hashed;
    private long toHash;
    private int files;
    private long lastSample;

    /// <summary>Bytes that came over the network.</summary>
    public long FetchedBytes => Interlocked.Read(ref fetched);

    /// <summary>Bytes came.</summary>
    public void Fetched(int bytes)
    {
        Interlocked.Add(ref done, bytes);
        Interlocked.Add(ref fetched, bytes);
        if (Stopwatch.GetElapsedTime(Interlocked.Read(ref lastSample)) > BetweenSamples) Report(null);
    }

    /// <summary>Bytes were here already; or, below 0, must be fetched again.</summary>
    public void Had(long bytes) => Interlocked.Add(ref done, bytes);

    /// <summary>A file of so many bytes is about to be read back.</summary>
    public void Checking(long bytes)
    {
        Interlocked.Add(ref toHash, bytes);
        Report(null, always: true);
    }

    /// <summary>Bytes were read back.</summary>
    public void Checked(long bytes)
    {
        Interlocked.Add(ref hashed, bytes);
        if (Stopwatch.GetElapsedTime(Interlocked.Read(ref lastSample)) > BetweenSamples) Report(null);
    }

    /// <summary>A file is here and checked; the note is for one that was fetched.</summary>
    public void FileDone(string? note)
    {
        bool isLast = Interlocked.Increment(ref files) == totalFiles;
        Report(note, isLast);
    }

    /// <summary>Tells something.</summary>
    public void Say(string note) => Report(note);

    private void Report(string? note, bool always = false)
    {
        if (progress is null) return;
        lock (gate)
        {
            long now = Stopwatch.GetTimestamp(), soFar = FetchedBytes, here = Interlocked.Read(ref done);
            if (Stopwatch.GetElapsedTime(lastSample, now) > BetweenSamples)
            {
                samples.Enqueue((now, soFar));
                if (samples.Count > Samples) samples.Dequeue();
                Interlocked.Exchange(ref lastSample, now);
            }
            else if (note is null && !always)
            {
                return;
            }

            (long since, long before) = samples.Count > 0 ? samples.Peek() : (now, soFar);
            double seconds = Stopwatch.GetElapsedTime(since, now).TotalSeconds;
            double speed = seconds > 0.1 ? (soFar - before) / seconds : 0;
            TimeSpan? left = speed > 1 ? TimeSpan.FromSeconds(Math.Min((totalBytes - here) / speed, TimeSpan.FromDays(365).TotalSeconds)) : null;
            progress.Report(new PullProgress(here, totalBytes, files, totalFiles, speed, left, note) { CheckedBytes = Interlocked.Read(ref hashed), BytesToCheck = Interlocked.Read(ref toHash) });
        }
    }
}
