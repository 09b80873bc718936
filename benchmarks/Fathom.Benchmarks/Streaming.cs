using System.Diagnostics;
using System.Globalization;
using Fathom.Checkpoints;
using Fathom.Evaluation.Planning;
using Fathom.Model;
using Fathom.Model.Streaming;

namespace Fathom.Benchmarks;

/// <summary>A model under a memory budget: memory against the budget, decoding against what the disk gives, and the ways of replacing experts on the same routing.</summary>
internal static class Streaming
{
    public static void Run(string path, string budget, int prompt, int decoded)
    {
        foreach (bool readsAhead in (bool[])[true, false]) Run(path, MemorySize.Parse(budget), prompt, decoded, readsAhead);
    }

    private static void Run(string path, long budget, int prompt, int decoded, bool readsAhead)
    {
        var options = new V4ModelOptions { MemoryBudget = budget, Reserve = new MemoryReserve { ContextTokens = prompt + (3 * decoded), Sessions = 2 }, ReadsExpectedExperts = readsAhead };
        using V4Model model = V4Model.Open(path, options);
        MemoryPlan plan = model.MemoryPlan;
        Print($"{path}, {budget / 1e9:f2} GB: weights {plan.ResidentWeightBytes / 1e9:f2}, caches {plan.CacheBytes / 1e9:f3}, scratch {plan.WorkingBytes / 1e9:f2} for {plan.Rows} rows, {plan.Slots} slots of {plan.SlotBytes / 1e6:f2} MB; next layer's experts {(readsAhead ? "read ahead" : "not read ahead")}");
        if (!plan.IsStreaming) return;
        var random = new Random(1);
        using ISession session = model.CreateSession();
        Prefill(model, session, random, prompt);

        var trace = new RoutingTrace(model.Config.ExpertCount);
        model.Observer = trace;
        Decode(model, session, random, decoded, "warming up");
        model.Observer = null;
        double disk = DiskSpeed(path);
        (double speed, ExpertStreamStatistics seen) = Decode(model, session, random, decoded, "decode");
        disk = Math.Max(disk, DiskSpeed(path));
        double ofDisk = disk / seen.BytesPerToken, ofProcessor = AllInMemory(model, session, decoded);
        Print($"disk, same reads without a model: {disk / 1e9:f2} GB/s, enough for {ofDisk:f2} tokens/s; decode reaches {speed / ofDisk:p0} of that");
        Print($"with all experts in the arena: {ofProcessor:f2} tokens/s; decode reaches {speed / Math.Min(ofDisk, ofProcessor):p0} of the slower of the two");
        Print($"resident at most {PeakResident() / 1e9:f2} GB of {budget / 1e9:f2} GB");
        Trial(trace.Steps, model.Config, plan.Slots, trace.Steps.Count / 2);
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

    private static (double Speed, ExpertStreamStatistics Seen) Decode(V4Model model, ISession session, Random random, int tokens, string what)
    {
        ExpertStreamStatistics before = model.Streaming!;
        Batch[] batches = [.. Enumerable.Range(0, tokens).Select(_ => new Batch().Add(session, Tokens(model, random, 1)))];
        long started = Stopwatch.GetTimestamp();
        foreach (Batch batch in batches) model.Forward(batch);
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        ExpertStreamStatistics seen = model.Streaming!.Since(before);
        double speed = tokens / seconds;
        Print($"{what}: {speed:f2} tokens/s, {seen.HitRate:p1} in the arena, of the others {seen.PrefetchCoverage:p1} read ahead, {seen.Unneeded} read for nothing, {seen.BytesPerToken / 1e6:f0} MB a token, {seen.BytesRead / seen.ReadTime.TotalSeconds / 1e9:f2} GB/s while reading, waited {seen.StallTime.TotalSeconds / seconds:p0}");
        return (speed, seen);
    }

    // The same token again and again on forks of a session: its experts are there after the first time.
    private static double AllInMemory(V4Model model, ISession session, int tokens)
    {
        double seconds = 0;
        int[] token = [7];
        for (int i = 0; i <= tokens; i++)
        {
            using ISession fork = session.Fork();
            var batch = new Batch().Add(fork, token);
            long started = Stopwatch.GetTimestamp();
            model.Forward(batch);
            if (i > 0) seconds += Stopwatch.GetElapsedTime(started).TotalSeconds;
        }

        return tokens / seconds;
    }

    private static double DiskSpeed(string path) => DiskProbe.Measure(Directory.Exists(path) ? Directory.GetFiles(path, "*.safetensors") : [path]) ?? throw new ArgumentException($"{path} is too small to measure a disk with.");

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
