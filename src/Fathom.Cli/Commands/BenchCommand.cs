using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Fathom.Checkpoints;
using Fathom.Cli.Arguments;
using Fathom.Compute;
using Fathom.Compute.Workers;
using Fathom.Evaluation.Predictions;
using Fathom.Evaluation.Speed;
using Fathom.Inference;
using Fathom.Model;
using Fathom.Model.Streaming;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom bench</c>: how fast a model reads and decodes here, and how much of the machine it uses.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        Option<string?> model = ModelArguments.ModelOption();
        var prompts = Numbers("--prompts", "Lengths of prompts to read.", [128, 512, 2048]);
        var depths = Numbers("--depths", "Tokens before decoding.", [128, 2048]);
        var threads = Numbers("--threads", "Numbers of threads; what a short measurement finds best when left out.", []);
        var tokens = new Option<int>("--tokens") { Description = "Tokens to decode in a run.", DefaultValueFactory = _ => 32 };
        var repeats = new Option<int>("--repeats") { Description = "Runs of each measurement; the median counts.", DefaultValueFactory = _ => 5 };
        Option<NumericProfile> profile = ModelArguments.ProfileOption();
        var chunk = new Option<int?>("--chunk") { Description = $"Tokens of a prompt that go through the model at once ({MemoryPlan.StandardRows:d}, or what suits --memory)." };
        Option<long?> memory = ModelArguments.MemoryOption();
        var noExpected = new Option<bool>("--no-read-ahead") { Description = "With --memory: do not read experts that the next layer will probably need." };
        Option<CacheStorage> caches = ModelArguments.CachesOption();
        var operations = new Option<bool>("--operations") { Description = "Also say which operations took the time of each measurement." };
        var json = new Option<FileInfo?>("--json") { Description = "Write the report here as JSON." };
        var csv = new Option<FileInfo?>("--csv") { Description = "Write the measurements here as CSV." };
        var compare = new Option<FileInfo?>("--compare") { Description = "A JSON report to set beside this one." };
        var command = new Command("bench", "Measure how fast a model reads and decodes, beside what the machine can do.\n\nExamples:\n  fathom bench --model slice.gguf --json today.json\n  fathom bench --model slice.gguf --compare today.json") { model, prompts, depths, threads, tokens, repeats, profile, caches, chunk, memory, noExpected, operations, json, csv, compare };
        command.SetAction((parsed, cancellation) =>
        {
            SpeedReport? before = parsed.GetValue(compare) is { } file ? SpeedReport.Read(file.FullName) : null;
            string path = ModelLocation.Resolve(parsed.GetValue(model));
            IReadOnlyList<string> inputs = ModelFacts.Of(path).Files;
            OutputFile.CheckReport(parsed.GetValue(json), inputs);
            OutputFile.CheckReport(parsed.GetValue(csv), inputs);
            int[] lengths = parsed.GetValue(prompts)!, after = parsed.GetValue(depths)!, counts = parsed.GetValue(threads)!;
            int decoded = parsed.GetValue(tokens), runs = parsed.GetValue(repeats);
            if (counts.Length == 0) counts = [MeasuredThreads()];
            if (lengths.Concat(after).Concat(counts).Append(decoded).Append(runs).Append(parsed.GetValue(chunk) ?? 1).Any(number => number < 1)) throw new ArgumentException("Lengths, depths, threads, tokens, chunk and repeats must be at least 1.");
            var options = new V4ModelOptions
            {
                Profile = parsed.GetValue(profile),
                CacheStorage = parsed.GetValue(caches),
                MaxBatchRows = parsed.GetValue(chunk),
                MemoryBudget = parsed.GetValue(memory),
                ReadsExpectedExperts = !parsed.GetValue(noExpected),

                // A prompt that was read, and the fork that decodes after it.
                Reserve = new MemoryReserve { ContextTokens = Math.Max(lengths.Max(), after.Max() + decoded), Sessions = 2 },
            };
            SpeedReport report = Measure(parsed.GetValue(model) ?? path, options, lengths, after, counts, decoded, runs, parsed.GetValue(operations), cancellation);
            Console.Out.Write(report.ToMarkdown(before));
            if (parsed.GetValue(json) is { } jsonFile) AtomicFile.Write(jsonFile.FullName, report.ToJson());
            if (parsed.GetValue(csv) is { } csvFile) AtomicFile.Write(csvFile.FullName, report.ToCsv());
            return Task.FromResult(0);
        });
        return command;
    }

    private static Option<int[]> Numbers(string name, string description, int[] standard) => new(name) { Description = description, AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => standard };

    private static int MeasuredThreads()
    {
        ThreadMeasurement here = ThreadMeasurement.Here;
        Console.Error.WriteLine($"{here}; --threads sets others.");
        return here.Threads;
    }

    private static SpeedReport Measure(string name, V4ModelOptions options, int[] prompts, int[] depths, int[] threads, int tokens, int repeats, bool showsOperations, CancellationToken cancellation)
    {
        string path = ModelLocation.Resolve(name);
        var results = new List<SpeedResult>();
        var peaks = new List<MachinePeaks>();
        TokenCost? cost = null;
        foreach (int count in threads)
        {
            // Measuring takes memory that a budget has not planned for.
            if (options.MemoryBudget is null) peaks.Add(MachinePeaks.Measure(count));
            TimedDevice? clock = null;
            using V4Model model = V4Model.Open(path, options with { Workers = count, WrapDevice = showsOperations ? device => clock = new TimedDevice(device) : null });
            cost ??= TokenCost.Of(model.Checkpoint);
            foreach (int length in prompts) Add(results, SpeedTest.Prefill(model, length, count, repeats, cancellation), clock);
            foreach (int depth in depths) Add(results, SpeedTest.Decode(model, depth, tokens, count, repeats, () => clock?.Reset(), cancellation), clock);
        }

        using var process = Process.GetCurrentProcess();
        return new SpeedReport(ModelPath.NameOf(name), DateTime.UtcNow, cost!, peaks, results, process.PeakWorkingSet64);
    }

    private static void Add(List<SpeedResult> results, SpeedResult result, TimedDevice? clock)
    {
        results.Add(result);
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(result.Kind == SpeedKind.Prefill ? "prefill" : "decode after")} {result.Depth} tokens, {result.Threads} threads: {result.TokensPerSecond:0.0} tokens/s"));
        if (clock is null) return;
        double all = clock.Times.Values.Sum(time => time.TotalSeconds);
        foreach ((string operation, TimeSpan time) in clock.Times.OrderByDescending(pair => pair.Value).Where(pair => pair.Value.TotalSeconds > all * 0.005))
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {time.TotalSeconds / all,6:p1}  {operation}"));
        clock.Reset();
    }
}
