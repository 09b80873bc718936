using System.Globalization;
using Fathom.Evaluation.Planning;
using Fathom.Model.Streaming;
using Spectre.Console;

namespace Fathom.Cli.Output;

/// <summary>A plan as people read it.</summary>
internal static class PlanText
{
    /// <summary>Writes a plan to stdout.</summary>
    /// <param name="name">The model.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="sampled">Tokens whose routing was looked at; 0 for none.</param>
    public static void Show(string name, ModelPlan plan, int sampled)
    {
        MachineSpeed machine = plan.Machine;
        Line($"{name}");
        Line($"  this machine         {MemorySize.Format(plan.MachineBytes)} of memory, {MemorySize.Format(plan.FreeBytes)} of it free; {machine.Threads} thread{Plural(machine.Threads)}; memory reads {machine.MemoryBytesPerSecond / 1e9:0.0} GB/s, {Disk(machine)}");
        Line($"  asked for            'fathom {plan.Use}': {plan.Sessions} answer{Plural(plan.Sessions)} at once, {plan.ContextTokens:n0} tokens each, {(plan.KeptSessions > 0 ? "and room for kept beginnings" : "nothing kept")} (--for run, chat or serve{(plan.Use == "serve" ? "; --cache-gb" : string.Empty)})");
        if (plan.Chosen.Memory is { } memory) ShowMemory(memory, plan.Chosen.ExpectedBytes);
        Line($"  {Verdict(plan.Chosen)}");
        if (plan.Chosen.Warning is { } warning) Line($"  Warning: {warning}.");
        if (plan.Chosen is { Memory.IsStreaming: true, Speed: { } streamed })
            Line($"  Of a token's experts {streamed.ShareHeld:p0} will be in memory, {(sampled > 0 ? $"by the routing of {sampled:n0} tokens" : "if all are needed alike; real texts need some more often")}.");
        Line($"");
        ShowWays(plan);
    }

    private static void ShowMemory(MemoryPlan memory, long expected)
    {
        if (memory.Budget is { } budget && memory.IsStreaming) Line($"  budget               {MemorySize.Format(budget)}");
        Line($"  weights in memory    {MemorySize.Format(memory.ResidentWeightBytes)}{(memory.IsStreaming ? " (all but routed experts)" : " (all)")}");
        Line($"  caches               {MemorySize.Format(memory.CacheBytes)}{(memory.KeptBytes > 0 ? $", of which {MemorySize.Format(memory.KeptBytes)} for kept beginnings" : string.Empty)}");
        Line($"  program and scratch  {MemorySize.Format(memory.ProgramBytes + memory.WorkingBytes)} ({memory.Rows:n0} rows at once)");
        if (memory.IsStreaming) Line($"  arena for experts    {MemorySize.Format(memory.ArenaBytes)}, {memory.Slots:n0} places of {MemorySize.Format(memory.SlotBytes)}");
        Line($"  together             at most {MemorySize.Format(memory.TotalBytes)}, probably {MemorySize.Format(expected)}; the least that works is {MemorySize.Format(memory.LeastBytes, isRoundedUp: true)}");
    }

    private static string Verdict(PlannedWay way) => way switch
    {
        { Problem: { } problem } => $"It does not run: {problem}",
        { Memory.IsStreaming: true, Speed: null } => "Experts are read from disk as they are needed.",
        { Memory.IsStreaming: true, Speed: { } speed } => string.Create(CultureInfo.InvariantCulture, $"Experts are read from disk as they are needed: {speed.DecodeDiskBytes / 1e9:0.00} GB for a token, {speed.PrefillDiskBytes / 1e9:0.0} GB for {speed.PrefillRows:n0} tokens of a prompt{(speed.WaitsForDisk ? "; the disk is the limit" : string.Empty)}."),
        { IsTooLarge: true } => "It runs slowly: the weights stay on disk, mapped, and the system reads them again and again.",
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
        if (plan.Machine.Disk is null && plan.Alternatives.Prepend(plan.Chosen).Any(way => way is { Memory.IsStreaming: true, Speed: null })) Line($"  A dash: experts would come from disk, and the model is too small to tell how fast.");
        if (plan.Alternatives.Count > 0) Line($"  Tokens per second (t/s) are those of one prompt and of one answer. 'fathom quantize' makes smaller experts; 'fathom eval divergence' says what they cost.");
    }

    private static string Disk(MachineSpeed machine) => machine.Disk is { } disk
        ? string.Create(CultureInfo.InvariantCulture, $"the disk {disk.BytesPerSecond / 1e9:0.00} GB/s, {disk.BusyBytesPerSecond / 1e9:0.00} while all threads compute")
        : "the model is too small to measure its disk";

    private static string Plural(int count) => count == 1 ? string.Empty : "s";

    private static string Number(double value) => value.ToString(value >= 100 ? "n0" : value >= 10 ? "0.0" : "0.00", CultureInfo.InvariantCulture);

    private static void Line(FormattableString text) => Console.Out.WriteLine(FormattableString.Invariant(text));
}
