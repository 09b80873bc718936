using System.CommandLine;
using System.Globalization;
using Fathom.Checkpoints;
using Fathom.Cli.Arguments;
using Fathom.Cli.Output;
using Fathom.Evaluation.Planning;
using Fathom.Model;
using Fathom.Model.Streaming;
using Spectre.Console;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom plan</c>: what this machine can do with a model, and what would change it.</summary>
internal static class PlanCommand
{
    public static Command Create()
    {
        var path = new Argument<string?>("MODEL") { Description = "Checkpoint folder, .gguf file, or the owner/name of a pulled model; the built-in model when left out.", Arity = ArgumentArity.ZeroOrOne };
        var configFile = new Option<FileInfo?>("--config") { Description = "A config.json alone, without weights: the official layout is meant." };
        Option<long?> memory = ModelArguments.MemoryOption();
        var context = new Option<int>("--context") { Description = "Tokens of a session.", DefaultValueFactory = _ => MemoryReserve.StandardContext };
        var sessions = new Option<int>("--sessions") { Description = "Sessions at the same time.", DefaultValueFactory = _ => 1 };
        Option<int?> threads = ModelArguments.ThreadsOption();
        Option<NumericProfile> profile = ModelArguments.ProfileOption();
        Option<CacheStorage> caches = ModelArguments.CachesOption();
        var folder = new Option<DirectoryInfo>("--temp") { Description = "Where temporary files of the measurement may lie (under 1 GB); with --config, a folder on the disk that the model will lie on.", DefaultValueFactory = _ => new DirectoryInfo(Path.GetTempPath()) };
        var sample = new Option<int>("--sample") { Description = "Tokens of text that are read to see which experts are needed often, when the model does not fit; that reads most of the model once. 0 takes all experts as alike.", DefaultValueFactory = _ => 256 };
        var text = new Option<FileInfo?>("--text") { Description = "The text of the sample; one of Fathom's own when left out." };
        var isRandom = new Option<bool>("--sample-random") { Description = "Take random tokens as the sample: for synthetic checkpoints." };
        var json = new Option<FileInfo?>("--json") { Description = "Write the plan here as JSON." };
        var command = new Command("plan", "Say what this machine can do with a model: what stays in memory, what is read from disk, how fast it will be, and what to change. Measures for some seconds.\n\nExamples:\n  fathom plan DeepSeek-V4-Flash --memory 24GB --context 65536\n  fathom plan --config config.json") { path, configFile, memory, context, sessions, threads, profile, caches, folder, sample, text, isRandom, json };
        command.SetAction((parsed, cancellation) =>
        {
            if (parsed.GetValue(context) < 1 || parsed.GetValue(sessions) < 1) throw new ArgumentException("--context and --sessions must be at least 1.");
            if (parsed.GetValue(configFile) is not null && parsed.GetValue(path) is not null) throw new ArgumentException("Name either a model or --config, not both.");
            var options = new V4ModelOptions { Workers = ModelArguments.CheckThreads(parsed.GetValue(threads)), Profile = parsed.GetValue(profile), CacheStorage = parsed.GetValue(caches) };
            PlannedModel model = PlannedModel.Open(parsed.GetValue(path), parsed.GetValue(configFile)?.FullName);
            var reserve = new MemoryReserve { ContextTokens = parsed.GetValue(context), Sessions = parsed.GetValue(sessions), Caches = V4Model.CacheFormatFor(model.Config, options) };
            if (parsed.GetValue(sample) is < 0 or 1) throw new ArgumentException("--sample must be 0, or at least 2 tokens.");
            int[] Sample() => model.Sample(parsed.GetValue(text)?.FullName, parsed.GetValue(sample), parsed.GetValue(isRandom));

            // Looked at once: measuring takes memory too.
            long available = MachineMemory.AvailableBytes;
            (ModelPlan plan, RoutingSample? routing) = Plan(model, Sample, parsed.GetValue(memory), available, reserve, parsed.GetValue(folder)!.FullName, options, cancellation);
            Show(model.Name, plan, available, routing is null ? 0 : parsed.GetValue(sample));
            if (parsed.GetValue(json) is { } file) AtomicFile.Write(file.FullName, plan.ToJson());
            return Task.FromResult(0);
        });
        return command;
    }

    private static (ModelPlan Plan, RoutingSample? Routing) Plan(PlannedModel model, Func<int[]> takeSample, long? budget, long available, MemoryReserve reserve, string folder, V4ModelOptions options, CancellationToken cancellation)
    {
        using var line = new StatusLine();
        var progress = new StatusTexts(line);
        MemoryPlan? memory = model.Divide(budget, available, reserve);
        int rows = memory is null ? MemoryPlan.StandardRows : Math.Min(memory.Rows, memory.ContextTokens);
        MachineSpeed machine = MachineProbe.Measure(model.Config, rows, model.Files, folder, options, progress, cancellation);
        RoutingSample? routing = null;
        if (memory is { IsStreaming: true } && model.Path is { } path && takeSample() is { Length: > 0 } sample)
        {
            progress.Report($"reading {sample.Length:n0} tokens to see which experts are needed");
            routing = RoutingSample.Take(path, sample, options with { MemoryBudget = memory.Budget, Reserve = reserve }, cancellation);
        }

        return (ModelPlan.For(model.Config, model.Stored, machine, budget, reserve, routing, available), routing);
    }

    private static void Show(string name, ModelPlan plan, long available, int sampled)
    {
        MachineSpeed machine = plan.Machine;
        Line($"{name}");
        Line($"  this machine         {MemorySize.Format(MachineMemory.TotalBytes)} of memory, {MemorySize.Format(available)} of it free; {machine.Threads} thread{(machine.Threads == 1 ? string.Empty : "s")}; memory reads {machine.MemoryBytesPerSecond / 1e9:0.0} GB/s, {Disk(machine)}");
        Line($"  asked for            {plan.Sessions} session{(plan.Sessions == 1 ? string.Empty : "s")} of {plan.ContextTokens:n0} tokens");
        if (plan.Chosen.Memory is { } memory) ShowMemory(memory, plan.Chosen.ExpectedBytes);
        Line($"  {Verdict(plan.Chosen)}");
        if (plan.Chosen is { Memory.IsStreaming: true, Speed: { } streamed })
            Line($"  Of a token's experts {streamed.ShareHeld:p0} will be in memory, {(sampled > 0 ? $"by the routing of {sampled:n0} tokens" : "if all are needed alike; real texts need some more often")}.");
        Line($"");
        ShowWays(plan);
    }

    private static void ShowMemory(MemoryPlan memory, long expected)
    {
        if (memory.Budget is { } budget && memory.IsStreaming) Line($"  budget               {MemorySize.Format(budget)}");
        Line($"  weights in memory    {MemorySize.Format(memory.ResidentWeightBytes)}{(memory.IsStreaming ? " (all but routed experts)" : " (all)")}");
        Line($"  caches               {MemorySize.Format(memory.CacheBytes)}");
        Line($"  program and scratch  {MemorySize.Format(memory.ProgramBytes + memory.WorkingBytes)} ({memory.Rows:n0} rows at once)");
        if (memory.IsStreaming) Line($"  arena for experts    {MemorySize.Format(memory.ArenaBytes)}, {memory.Slots:n0} places of {MemorySize.Format(memory.SlotBytes)}");
        Line($"  together             at most {MemorySize.Format(memory.TotalBytes)}, probably {MemorySize.Format(expected)}; the least that works is {MemorySize.Format(memory.LeastBytes, isRoundedUp: true)}");
    }

    private static string Verdict(PlannedWay way) => way switch
    {
        { Problem: { } problem } => $"It does not run: {problem}",
        { Memory.IsStreaming: true, Speed: null } => "Experts are read from disk as they are needed.",
        { Memory.IsStreaming: true, Speed: { } speed } => string.Create(CultureInfo.InvariantCulture, $"Experts are read from disk as they are needed: {speed.DecodeDiskBytes / 1e9:0.00} GB for a token, {speed.PrefillDiskBytes / 1e9:0.0} GB for {speed.PrefillRows:n0} tokens of a prompt{(speed.WaitsForDisk ? "; the disk is the limit" : string.Empty)}."),
        _ => "Everything stays in memory.",
    };

    private static void ShowWays(ModelPlan plan)
    {
        Table table = PlainTable.With("what", "weights", "memory", "prompt t/s", "answer t/s");
        foreach (PlannedWay way in plan.Alternatives.Prepend(plan.Chosen))
        {
            table.AddRow(
                Markup.Escape(way.Name),
                MemorySize.Format(way.WeightBytes),
                way.Memory is { } memory ? MemorySize.Format(memory.TotalBytes) : "too little",
                way.Speed is { } speed ? Number(speed.PrefillTokensPerSecond) : "-",
                way.Speed is { } decode ? Number(decode.DecodeTokensPerSecond) : "-");
        }

        AnsiConsole.Console.Write(table);
        if (plan.Alternatives.Count > 0) Line($"  Tokens per second (t/s) are those of one prompt and of one answer. 'fathom quantize' makes smaller experts; 'fathom eval divergence' says what they cost.");
    }

    private static string Disk(MachineSpeed machine) => machine.DiskBytesPerSecond is { } disk ? string.Create(CultureInfo.InvariantCulture, $"the disk {disk / 1e9:0.00} GB/s") : "the model is too small to measure its disk";

    private static string Number(double value) => value.ToString(value >= 100 ? "n0" : value >= 10 ? "0.0" : "0.00", CultureInfo.InvariantCulture);

    private static void Line(FormattableString text) => Console.Out.WriteLine(FormattableString.Invariant(text));
}
