using System.CommandLine;
using System.Globalization;
using Fathom.Checkpoints;
using Fathom.Cli.Output;
using Spectre.Console;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom inspect</c>: what a model is and what it needs, from a checkpoint folder or a config.json alone.</summary>
internal static class InspectCommand
{
    private const long MillionTokens = 1_048_576;

    public static Command Create()
    {
        var path = new Argument<string?>("PATH") { Description = "Checkpoint folder, .gguf file, or the owner/name of a pulled model; the built-in model when left out.", Arity = ArgumentArity.ZeroOrOne };
        var configFile = new Option<FileInfo?>("--config") { Description = "A config.json alone, without weights." };
        var command = new Command("inspect", "Show layers, parameters, bytes, caches, and whether the model fits this machine.\n\nExamples:\n  fathom inspect DeepSeek-V4-Flash\n  fathom inspect --config config.json") { path, configFile };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(configFile) is { } file)
            {
                if (parsed.GetValue(path) is not null) throw new ArgumentException("Name either a folder or --config, not both.");
                Show(file.ToString(), V4Config.Read(file.FullName), null);
                return 0;
            }

            using Checkpoint checkpoint = Checkpoint.Open(ModelLocation.Resolve(parsed.GetValue(path)));
            Show(checkpoint.Location, checkpoint.Config, checkpoint);
            return 0;
        });
        return command;
    }

    private static void Show(string name, V4Config config, Checkpoint? checkpoint)
    {
        var summary = new ModelSummary(config);
        IAnsiConsole console = AnsiConsole.Console;
        Line($"{name}");
        Line($"  layers               {config.LayerCount}: {summary.LayersOf(LayerKind.Window)} window, {summary.LayersOf(LayerKind.Csa)} CSA, {summary.LayersOf(LayerKind.Hca)} HCA; {config.HashLayerCount} routed by token id; {Prediction(summary, checkpoint)}");
        Line($"  widths               hidden {config.HiddenSize}, {config.HeadCount} heads of {config.HeadDim}, {config.ExpertCount} experts of {config.ExpertWidth} ({config.ExpertsPerToken} a token), vocabulary {config.VocabularySize}");
        Line($"  context              {config.MaxPositions:n0} positions, window {config.Window}, indexer picks {config.IndexTopK}");
        Line($"  parameters           {Billions(summary.MainParameters)} total, {Billions(summary.ActiveParameters)} active per token{(summary.PredictionParameters > 0 && checkpoint?.HasMultiTokenPrediction != false ? $", MTP block {Billions(summary.PredictionParameters)}" : string.Empty)}");
        Line(string.Empty);

        ShowWeights(console, summary, checkpoint);
        ShowCaches(console, summary, config);
        ShowFit(summary, checkpoint, config);
    }

    private static string Prediction(ModelSummary summary, Checkpoint? checkpoint) => (checkpoint, summary.PredictionParameters) switch
    {
        ({ HasMultiTokenPrediction: true }, _) => "MTP block present",
        ({ }, _) => "no MTP block",
        (null, > 0) => "1 MTP block announced",
        _ => "no MTP block announced",
    };

    private static void ShowWeights(IAnsiConsole console, ModelSummary summary, Checkpoint? checkpoint)
    {
        IEnumerable<(StoredType Type, long Bytes)> rows = checkpoint is null
            ? summary.BytesByType.Select(pair => (pair.Key, pair.Value))
            : checkpoint.Tensors.GroupBy(tensor => tensor.Type).Select(group => (group.Key, group.Sum(tensor => tensor.ByteLength)));
        Table table = PlainTable.With("weights stored as", "bytes");
        foreach ((StoredType type, long bytes) in rows.OrderByDescending(row => row.Bytes)) table.AddRow(Describe(type), Bytes(bytes));
        table.AddRow(
            checkpoint is null ? $"all {summary.TensorCount:n0} tensors, official layout" : $"all {checkpoint.Tensors.Count:n0} tensors in the files{(checkpoint.Naming == TensorNaming.Transformers ? ", transformers-style names" : string.Empty)}",
            Bytes(checkpoint?.TotalBytes ?? summary.TotalBytes));
        console.Write(table);
    }

    private static void ShowCaches(IAnsiConsole console, ModelSummary summary, V4Config config)
    {
        Table table = PlainTable.With("session caches in", "per token", "at 1M tokens");
        foreach (CacheFormat format in summary.CacheFormats)
            table.AddRow(format.Name, Invariant($"{summary.CacheBytesPerToken(format):n2} B"), Bytes(summary.CacheBytes(format, MillionTokens)));
        console.Write(table);
        Line($"  The 1M figures include the windows; every session also keeps {Bytes(summary.CompressorStateBytes)} of raw compressor rows.");
        if (config.MaxPositions < MillionTokens) Line($"  This model stops at {config.MaxPositions:n0} positions.");
    }

    private static void ShowFit(ModelSummary summary, Checkpoint? checkpoint, V4Config config)
    {
        long memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        long weights = checkpoint?.TotalBytes ?? summary.TotalBytes;
        long context = Math.Min(32_768, config.MaxPositions);
        double session = summary.CacheBytes(summary.CacheFormats[0], context) + summary.CompressorStateBytes;
        string verdict = weights + session < memory * 0.9
            ? $"fits: weights {Bytes(weights)} and a session of {context:n0} tokens ({Bytes(session)}) go into memory"
            : $"does not fit: weights {Bytes(weights)} and a session of {context:n0} tokens ({Bytes(session)}) are more than memory holds; experts are read from disk as they are needed, and 'fathom plan' says how fast that is";
        Line($"  this machine         {Bytes(memory)} of memory, {Environment.ProcessorCount} processors: {verdict}.");
    }

    private static string Describe(StoredType type) => type switch
    {
        StoredType.I8 or StoredType.U8 or StoredType.F4 => $"{StoredTypes.NameOf(type)} (packed FP4)",
        StoredType.F8E4M3 => "F8_E4M3 (FP8)",
        StoredType.F8E8M0 => "F8_E8M0 (block scales)",
        _ => StoredTypes.NameOf(type),
    };

    private static string Billions(long count) => count >= 100_000_000 ? Invariant($"{count / 1e9:f2} B") : Invariant($"{count / 1e6:f2} M");

    internal static string Bytes(double bytes) => bytes switch
    {
        >= 1e9 => Invariant($"{bytes / 1e9:f2} GB"),
        >= 1e6 => Invariant($"{bytes / 1e6:f2} MB"),
        >= 1e3 => Invariant($"{bytes / 1e3:f2} kB"),
        _ => Invariant($"{bytes:f0} B"),
    };

    private static void Line(FormattableString text) => Console.Out.WriteLine(FormattableString.Invariant(text));

    private static void Line(string text) => Console.Out.WriteLine(text);

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
