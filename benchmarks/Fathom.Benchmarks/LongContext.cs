using System.Diagnostics;
using System.Globalization;
using Fathom.Checkpoints;
using Fathom.Compute;
using Fathom.Inference;
using Fathom.Model;

namespace Fathom.Benchmarks;

/// <summary>A long prompt: memory against the specification's formula, the time of a decoded token against that at 1,000 tokens, and where it goes.</summary>
internal static class LongContext
{
    /// <summary>What stands after the formula's bytes for a token in the first line.</summary>
    public const string PerToken = " bytes of cache per token by the formula ";

    private const int ShortLength = 1_000;
    private const int Decoded = 200;

    public static void Run(string folder, int tokens, CacheStorage storage)
    {
        folder = ModelPath.Resolve(folder);
        TimedDevice? timed = null;
        using V4Model model = V4Model.Open(folder, new V4ModelOptions { CacheStorage = storage, WrapDevice = device => timed = new TimedDevice(device) });
        var summary = new ModelSummary(model.Config);
        double perToken = summary.CacheBytesPerToken(model.CacheFormat);
        Print($"{folder}: {model.Config.LayerCount} layers, {perToken:f1}{PerToken}({model.CacheFormat.Name})");
        Print($"{"tokens",9} {"cache bytes",12} {"growth",12} {"formula",12} {"ratio",7} {"heap growth",12} {"prefill t/s",11} {"decode ms",10}  where it goes");

        using ISession session = model.CreateSession();
        var random = new Random(1);
        long firstBytes = 0, firstHeap = 0;
        double firstDecode = 0;
        WarmUp(model);

        // The decoded tokens fill the rest of the model's positions.
        tokens = Math.Min(tokens, model.MaxPositions - Decoded);
        foreach (int length in Lengths(tokens))
        {
            int fed = length - session.Length;
            var watch = Stopwatch.StartNew();
            while (session.Length < length) Feed(model, session, random, Math.Min(model.MaxBatchRows, length - session.Length));
            double prefill = fed / watch.Elapsed.TotalSeconds;
            long bytes = session.CacheBytes, heap = GC.GetTotalMemory(forceFullCollection: true);
            timed!.Reset();
            double decode = DecodeMilliseconds(model, session, random);
            if (firstBytes == 0) (firstBytes, firstHeap, firstDecode) = (bytes, heap, decode);
            double formula = perToken * (length - ShortLength);
            string ratio = formula > 0 ? string.Create(CultureInfo.InvariantCulture, $"{(bytes - firstBytes) / formula:f3}") : "-";
            Print($"{length,9:n0} {bytes,12:n0} {bytes - firstBytes,12:n0} {formula,12:n0} {ratio,7} {heap - firstHeap,12:n0} {prefill,11:f0} {decode,10:f3}  {Shares(timed)}");
            if (length == tokens) Print($"decode at {length:n0} takes {decode / firstDecode:f2} times as long as at {ShortLength:n0}");
        }
    }

    // The operations that take most of a decoded token's time.
    private static string Shares(TimedDevice device)
    {
        double all = device.Times.Values.Sum(time => time.TotalSeconds);
        return string.Join(", ", device.Times.OrderByDescending(time => time.Value).Take(4).Select(time => string.Create(CultureInfo.InvariantCulture, $"{time.Key} {time.Value.TotalSeconds / all:p0}")));
    }

    // Lets the runtime compile everything before anything is measured.
    private static void WarmUp(V4Model model)
    {
        using ISession session = model.CreateSession();
        var random = new Random(2);
        for (int i = 0; i < 8; i++) Feed(model, session, random, 256);
        for (int i = 0; i < 5; i++) DecodeMilliseconds(model, session, random);
    }

    private static IEnumerable<int> Lengths(int tokens)
    {
        for (int length = ShortLength; length < tokens; length *= 10) yield return length;
        yield return tokens;
    }

    // The median of single tokens, on a fork that is thrown away.
    private static double DecodeMilliseconds(V4Model model, ISession session, Random random)
    {
        using ISession fork = session.Fork();
        var times = new double[Decoded];
        for (int i = 0; i < times.Length; i++)
        {
            long start = Stopwatch.GetTimestamp();
            model.Forward(new Batch().Add(fork, new[] { random.Next(model.VocabularySize) }));
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(times);
        return times[times.Length / 2];
    }

    private static void Feed(V4Model model, ISession session, Random random, int count)
    {
        var tokens = new int[count];
        for (int i = 0; i < count; i++) tokens[i] = random.Next(model.VocabularySize);
        model.Forward(new Batch().Add(session, tokens, LogitRows.None));
    }

    private static void Print(FormattableString text) => Console.Out.WriteLine(FormattableString.Invariant(text));
}
