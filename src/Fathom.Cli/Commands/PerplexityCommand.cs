using System.CommandLine;
using Fathom.Cli.Arguments;
using Fathom.Cli.Output;
using Fathom.Evaluation.Predictions;
using Fathom.Model;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom eval perplexity</c>: how well models predict a text.</summary>
internal static class PerplexityCommand
{
    public static Command Create()
    {
        var models = new Option<string[]>("--model") { HelpName = "MODEL", Description = "Checkpoint folder, .gguf file, or the owner/name of a pulled model; may be given several times. The built-in model when left out." };
        var output = new Option<DirectoryInfo?>("--out") { Description = "Folder for perplexity.md (the tables), perplexity.svg (a picture) and perplexity.json." };
        var json = new Option<bool>("--json") { Description = "Write JSON instead of tables." };
        var measurement = new MeasurementArguments(NumericProfile.Fast);
        var command = new Command("perplexity", "Measure how well a model predicts a text, token by token. A model larger than memory is read from disk once for each piece of the text.\n\nExamples:\n  fathom eval perplexity --model flash-q4.gguf --text wiki.txt\n  fathom eval perplexity --model DeepSeek-V4-Flash --model flash-q2.gguf --text wiki.txt --memory 24GB --out perplexity") { models, output, json };
        measurement.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            string?[] named = MeasurementArguments.OrBuiltIn(parsed.GetValue(models));
            string[] names = MeasurementArguments.NamesOf(named);
            MeasurementOptions options = measurement.Options(parsed);
            ModelFacts[] facts = MeasurementArguments.FactsOf(named, options);
            if (parsed.GetValue(output) is { } place) OutputFile.CheckFolder(place.FullName);
            int[] tokens = measurement.Tokens(parsed, facts[0].Path);
            var results = new List<MeasuredResult<PerplexityResult>>();
            using var line = new StatusLine();
            for (int i = 0; i < facts.Length; i++)
            {
                PerplexityResult result = PerplexityTest.Measure(facts[i].Path, tokens, options, new StatusProgress(line, facts.Length == 1 ? "reading" : $"{names[i]}: reading"), cancellation);
                results.Add(new MeasuredResult<PerplexityResult>(names[i], facts[i], result));
            }

            line.Clear();
            var report = new PerplexityReport(results, options);
            Console.Out.Write(parsed.GetValue(json) ? report.Json() + "\n" : report.Table());
            if (parsed.GetValue(output) is { } folder) report.Write(folder.FullName);
            return Task.FromResult(0);
        });
        return command;
    }
}
