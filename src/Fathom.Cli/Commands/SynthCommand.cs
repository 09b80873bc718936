using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Fathom.Checkpoints;
using Fathom.Cli.Output;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom synth</c>: writes a random checkpoint at real widths.</summary>
internal static class SynthCommand
{
    public static Command Create()
    {
        var shape = new Option<SyntheticShape>("--shape") { Description = "Whose widths to take: flash, pro or tiny.", DefaultValueFactory = _ => SyntheticShape.Flash };
        var layers = new Option<string>("--layers") { Description = "Compression ratio of each layer: 0 window, 4 CSA, 128 HCA.", DefaultValueFactory = _ => "0,4,128" };
        var experts = new Option<int?>("--experts") { Description = "Routed experts (default: the shape's own)." };
        var vocabulary = new Option<int?>("--vocab") { Description = "Vocabulary size (default: the shape's own)." };
        var seed = new Option<int>("--seed") { Description = "Same seed, same bytes.", DefaultValueFactory = _ => 1 };
        var tokenizer = new Option<FileInfo?>("--tokenizer") { Description = "A tokenizer.json to copy beside the weights (default: DeepSeek V4's for its full vocabulary, the built-in model's for smaller ones that have its ids, else none)." };
        var noMtp = new Option<bool>("--no-mtp") { Description = "Leave the multi-token-prediction block out." };
        var output = new Option<DirectoryInfo>("--out") { Description = "The folder to make.", Required = true };
        var command = new Command("synth", "Write a random checkpoint in the official layout (FP4 experts, FP8 matrices) for tests and benchmarks.\n\nExample:\n  fathom synth --shape flash --layers 0,4,128 --experts 64 --out slice")
        {
            shape, layers, experts, vocabulary, seed, tokenizer, noMtp, output,
        };
        command.SetAction((parsed, cancellation) =>
        {
            var options = new SyntheticOptions
            {
                Shape = parsed.GetValue(shape),
                Layers = ParseLayers(parsed.GetValue(layers)!),
                Experts = parsed.GetValue(experts),
                Vocabulary = parsed.GetValue(vocabulary),
                Seed = parsed.GetValue(seed),
                HasMultiTokenPrediction = !parsed.GetValue(noMtp),
            };
            Write(parsed.GetValue(output)!.FullName, options, parsed.GetValue(tokenizer)?.FullName ?? TokenizerFor(options.ToConfig().VocabularySize), cancellation);
            return Task.FromResult(0);
        });
        return command;
    }

    // A model of fewer ids than any of our tokenizers goes without.
    private static string? TokenizerFor(int vocabulary)
    {
        const int OfficialIds = 129_280;
        if (vocabulary >= OfficialIds) return TokenizerLocation.Official;
        int builtInIds = V4Config.Read(Path.Combine(ModelLocation.BuiltIn, "config.json")).VocabularySize;
        return vocabulary >= builtInIds ? Path.Combine(ModelLocation.BuiltIn, "tokenizer.json") : null;
    }

    private static void Write(string folder, SyntheticOptions options, string? tokenizer, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        using var line = new StatusLine();
        var progress = new StatusProgress(line, "writing");
        long bytes = SyntheticCheckpoint.Write(folder, options, tokenizer, progress, cancellation);
        line.Clear();
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Wrote {folder}: {InspectCommand.Bytes(bytes)} in {watch.Elapsed.TotalSeconds:f1} s."));
        if (tokenizer is null) Console.Out.WriteLine("It has no tokenizer.json, because Fathom has none of so few ids: commands that read text need one (--tokenizer).");
    }

    private static int[] ParseLayers(string text)
    {
        string[] parts = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var ratios = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out ratios[i]))
                throw new ArgumentException($"--layers takes ratios like 0,4,128; '{parts[i]}' is none.");
        }

        return ratios.Length > 0 ? ratios : throw new ArgumentException("--layers needs at least one ratio, such as 0,4,128.");
    }
}
