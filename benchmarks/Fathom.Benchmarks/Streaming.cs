using System.Diagnostics;
using System.Globalization;
using Fathom.Checkpoints;
using Fathom.Model;
using Fathom.Model.Streaming;

namespace Fathom.Benchmarks;

/// <summary>A model under a memory budget: memory against the budget, decoding against what disk and processor allow, and the ways of replacing experts on the same routing.</summary>
internal static class Streaming
{
    /// <summary>Runs a model on this disk with and without reading ahead, and on slower ones.</summary>
    /// <param name="path">The model.</param>
    /// <param name="budget">Memory.</param>
    /// <param name="prompt">Tokens of the prompt.</param>
    /// <param name="decoded">Tokens that are decoded, after as many to warm up.</param>
    /// <param name="slower">Speeds of slower disks, GB/s.</param>
    public static void Run(string path, string budget, int prompt, int decoded, double[] slower)
    {
        var rows = new List<string>();
        void Add(double? gigabytes, bool readsAhead)
        {
            if (Run(path, MemorySize.Parse(budget), prompt, decoded, gigabytes * 1e9, readsAhead) is { } row) rows.Add(row);
        }

        Add(null, readsAhead: true);
        Add(null, readsAhead: false);
        foreach (double speed in slower) Add(speed, readsAhead: true);
        Console.WriteLine("| disk | tokens/s | MB a token | in the arena | of others, ahead | disk busy | waited | disk allows | reached | disk and processor allow | reached |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
        rows.ForEach(Console.WriteLine);
    }

    private static string? Run(string path, long budget, int prompt, int decoded, double? pace, bool readsAhead)
    {
        var options = new V4ModelOptions { MemoryBudget = budget, Reserve = new MemoryReserve { ContextTokens = prompt + (3 * decoded), Sessions = 2 }, ReadsExpectedExperts = readsAhead };
        using V4Model model = V4Model.Create(Checkpoint.Open(path, looksAtExperts: false), options, openFiles: pace is { } speed ? paths => new PacedFiles(new UnbufferedFiles(paths), speed) : null);
        MemoryPlan plan = model.MemoryPlan;
        Print($"{path}, {budget / 1e9:f2} GB: weights {plan.ResidentWeightBytes / 1e9:f2}, caches {plan.CacheBytes / 1e9:f3}, scratch {plan.WorkingBytes / 1e9:f2} for {plan.Rows} rows, {plan.Slots} slots of {plan.SlotBytes / 1e6:f2} MB; next layer's experts {(readsAhead ? "read ahead" : "not read ahead")}");
        if (!plan.IsStreaming) return null;
        var random = new Random(1);
        using ISession session = model.CreateSession();
        Prefill(model, session, random, prompt);

        var trace = new RoutingTrace(model.Config.ExpertCount);
        model.Observer = trace;
        Decode(model, session, random, decoded, "warming up");
        model.Observer = null;
        (double tokens, double seconds, ExpertStreamStatistics seen) = Decode(model, session, random, decoded, "decode");
        Print($"resident at most {PeakResident() / 1e9:f2} GB so far, of {budget / 1e9:f2} GB");
        StreamingLimits limits = StreamingLimits.Measure(model, session, Directory.Exists(path) ? Directory.GetFiles(path, "*.safetensors") : [path]);
        if (pace is { } slow) limits = limits.WithDisk(slow);
        double reached = tokens / seconds, ofDisk = limits.OfDisk(seen.BytesPerToken), ofBoth = limits.OfBoth(seen.BytesPerToken);
        Print($"alone the disk gives {limits.Disk.BytesPerSecond / 1e9:f2} GB/s and the processor {limits.Processor:f2} tokens/s; at once {limits.Disk.BusyBytesPerSecond / 1e9:f2} GB/s and {limits.Processor * limits.Disk.ComputeShare:f2} tokens/s");
        Trial(trace.Steps, model.Config, plan.Slots, trace.Steps.Count / 2);
        string name = pace is null ? $"this one{(readsAhead ? string.Empty : ", nothing read ahead")}" : string.Create(CultureInfo.InvariantCulture, $"{pace / 1e9:0.#} GB/s");
        return string.Create(CultureInfo.InvariantCulture, $"| {name} | {reached:f2} | {seen.BytesPerToken / 1e6:f0} | {seen.HitRate:p1} | {seen.PrefetchCoverage:p1} | {seen.ReadTime.TotalSeconds / seconds:p0} | {seen.StallTime.TotalSeconds / seconds:p0} | {ofDisk:f2} | {reached / ofDisk:p0} | {ofBoth:f2} | {reached / ofBoth:p0} |");
    }

    /// <summary>Ways of replacing on the routing of a text, with all experts in memory.</summary>
    public static void Routing(string path, int[] tokens)
    {
        using V4Model model = V4Model.Open(path);
        using ISession session = model.CreateSession();
        var trace = new RoutingTrace(model.Config.ExpertCount);
        model.Observer = trace;
        foreach (int token in tokens) model.Forward(new Batch().Add(session, new[] { token }, LogitRows.None));
        int all = model.Config.LayerCount * model.Config.ExpertCount;
        foreach (int share in (int[])[25, 50, 75]) Trial(trace.Steps, model.Config, all * share / 100, trace.Steps.Count / 4);
    }

    private static void Prefill(V4Model model, ISession session, Random random, int tokens)
    {
        long started = Stopwatch.GetTimestamp();
        for (int done = 0; done < tokens; done += model.MaxBatchRows)
        {
            ExpertStreamStatistics before = model.Streaming!;
            int count = Math.Min(model.MaxBatchRows, tokens - done);
            model.Forward(new Batch().Add(session, Tokens(model, random, count), LogitRows.None));
            ExpertStreamStatistics seen = model.Streaming!.Since(before);
            Print($"chunk of {count} tokens: {seen.Hits} experts in the arena, {seen.Misses} read, of {model.Config.LayerCount * model.Config.ExpertCount}; {seen.BytesPerToken / 1e6:f1} MB a token, waited {seen.StallTime.TotalSeconds:f1} s");
        }

        Print($"prefill {tokens / Stopwatch.GetElapsedTime(started).TotalSeconds:f1} tokens/s");
    }

    private static (int Tokens, double Seconds, ExpertStreamStatistics Seen) Decode(V4Model model, ISession session, Random random, int tokens, string what)
    {
        ExpertStreamStatistics before = model.Streaming!;
        Batch[] batches = [.. Enumerable.Range(0, tokens).Select(_ => new Batch().Add(session, Tokens(model, random, 1)))];
        long started = Stopwatch.GetTimestamp();
        foreach (Batch batch in batches) model.Forward(batch);
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        ExpertStreamStatistics seen = model.Streaming!.Since(before);
        Print($"{what}: {tokens / seconds:f2} tokens/s, {seen.HitRate:p1} in the arena, of the others {seen.PrefetchCoverage:p1} read ahead, {seen.Unneeded} read for nothing, {seen.BytesPerToken / 1e6:f0} MB a token, {seen.BytesRead / seen.ReadTime.TotalSeconds / 1e9:f2} GB/s while reading, waited {seen.StallTime.TotalSeconds / seconds:p0}");
        return (tokens, seconds, seen);
    }

    private static void Trial(IReadOnlyList<int[]> steps, V4Config config, int slots, int skip)
    {
        double Rate(Replacement policy, double halfLife = ExpertValues.StandardHalfLife) => ReplacementTrial.HitRate(steps, config.LayerCount, config.ExpertCount, slots, policy, skip, halfLife);
        Print($"{slots} slots, replaced: least recent {Rate(Replacement.LeastRecent):p1}, least valuable {Rate(Replacement.LeastValuable):p1} (half-life 64: {Rate(Replacement.LeastValuable, 64):p1}, 4,096: {Rate(Replacement.LeastValuable, 4096):p1}), oracle {Rate(Replacement.Oracle):p1}");
    }

    private static int[] Tokens(V4Model model, Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(model.VocabularySize))];

    private static long PeakResident()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }

    private static void Print(FormattableString text) => Console.Out.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
