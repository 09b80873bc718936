using System.Diagnostics;
using Fathom.Model;
using Fathom.Model.Streaming;

namespace Fathom.Evaluation.Speed;

/// <summary>What was measured.</summary>
public enum SpeedKind
{
    /// <summary>Reading a prompt.</summary>
    Prefill,

    /// <summary>One token after the other.</summary>
    Decode,
}

/// <summary>A measurement.</summary>
/// <param name="Kind">Reading or decoding.</param>
/// <param name="Depth">Tokens of the prompt, or tokens before the first decoded one.</param>
/// <param name="Threads">Threads.</param>
/// <param name="TokensPerSecond">Median of all runs.</param>
/// <param name="Slowest">Tokens per second of the slowest run.</param>
/// <param name="Fastest">Tokens per second of the fastest run.</param>
/// <param name="CacheBytes">Bytes of the session's caches at the end.</param>
/// <param name="Streaming">What streaming of experts did in the runs that count; null when all weights are in memory.</param>
public sealed record SpeedResult(SpeedKind Kind, int Depth, int Threads, double TokensPerSecond, double Slowest, double Fastest, long CacheBytes, ExpertStreamStatistics? Streaming = null);

/// <summary>Measures how fast a model reads and decodes. Tokens are drawn at random, others for each run: which they are matters to streamed experts only.</summary>
public static class SpeedTest
{
    private const int Seed = 1;

    /// <summary>Reads prompts of a length, each in a session of its own.</summary>
    public static SpeedResult Prefill(V4Model model, int tokens, int threads, int repeats, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        int[] all = Tokens(model, tokens * (repeats + 1));
        Read(model, all.AsMemory(0, Math.Min(tokens, model.MaxBatchRows)), cancellation).Dispose();
        long cache = 0;
        ExpertStreamStatistics? before = model.Streaming;
        double[] speeds = [.. Enumerable.Range(1, repeats).Select(run =>
        {
            long started = Stopwatch.GetTimestamp();
            using ISession session = Read(model, all.AsMemory(run * tokens, tokens), cancellation);
            cache = session.CacheBytes;
            return tokens / Stopwatch.GetElapsedTime(started).TotalSeconds;
        })];
        return Result(SpeedKind.Prefill, tokens, threads, speeds, cache, before is null ? null : model.Streaming!.Since(before));
    }

    /// <summary>Decodes tokens after a prompt of a length; the prompt is read once.</summary>
    /// <param name="model">The model.</param>
    /// <param name="depth">Tokens of the prompt.</param>
    /// <param name="tokens">Tokens to decode in a run.</param>
    /// <param name="threads">Threads, for the result.</param>
    /// <param name="repeats">Runs that count; one more goes before them.</param>
    /// <param name="onRead">Called when the prompt has been read.</param>
    /// <param name="cancellation">Stops between forwards.</param>
    public static SpeedResult Decode(V4Model model, int depth, int tokens, int threads, int repeats, Action? onRead = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        int[] all = Tokens(model, depth + (tokens * (repeats + 1)));
        using ISession read = Read(model, all.AsMemory(0, depth), cancellation);
        onRead?.Invoke();
        long cache = 0;
        ExpertStreamStatistics? before = null;
        double[] speeds = [.. Enumerable.Range(0, repeats + 1).Select(run =>
        {
            if (run == 1) before = model.Streaming;
            using ISession session = read.Fork();
            long started = Stopwatch.GetTimestamp();
            for (int i = 0; i < tokens; i++) model.Forward(new Batch().Add(session, all.AsMemory(depth + (run * tokens) + i, 1)), cancellation);
            cache = session.CacheBytes;
            return tokens / Stopwatch.GetElapsedTime(started).TotalSeconds;
        }).Skip(1)];
        return Result(SpeedKind.Decode, depth, threads, speeds, cache, before is null ? null : model.Streaming!.Since(before));
    }

    private static SpeedResult Result(SpeedKind kind, int depth, int threads, double[] speeds, long cache, ExpertStreamStatistics? streaming)
    {
        Array.Sort(speeds);
        double median = (speeds[(speeds.Length - 1) / 2] + speeds[speeds.Length / 2]) / 2;
        return new SpeedResult(kind, depth, threads, median, speeds[0], speeds[^1], cache, streaming);
    }

    private static ISession Read(V4Model model, ReadOnlyMemory<int> prompt, CancellationToken cancellation)
    {
        ISession session = model.CreateSession();
        try
        {
            model.Read(session, prompt, cancellation);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    private static int[] Tokens(V4Model model, int count)
    {
        var random = new Random(Seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(model.VocabularySize))];
    }
}
