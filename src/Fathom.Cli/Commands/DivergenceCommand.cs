using System.CommandLine;
using Fathom.Cli.Arguments;
using Fathom.Cli.Output;
using Fathom.Evaluation.Predictions;
using Fathom.Model;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom eval divergence</c>: how differently models predict a text.</summary>
internal static class DivergenceCommand
{
    public static Command Create()
    {
        var reference = new Option<string>("--reference") { HelpName = "MODEL", Description = "The model to compare with: checkpoint folder, .gguf file or the owner/name of a pulled model.", Required = true };
        var models = new Option<string[]>("--model") { HelpName = "MODEL", Description = "The model to judge; may be given several times. The built-in model when left out." };
        var output = new Option<DirectoryInfo?>("--out") { Description = "Folder for divergence.md (the tables), divergence.svg (a picture) and divergence.json." };
        var json = new Option<bool>("--json") { Description = "Write JSON instead of tables." };
        var measurement = new MeasurementArguments(NumericProfile.Plain);
        var command = new Command("divergence", "Compare models' predictions with those of a reference, such as the checkpoint that they were quantised from. Each is open together with the reference, and --memory is for both.\n\nExamples:\n  fathom eval divergence --reference DeepSeek-V4-Flash --model flash-q2.gguf --text wiki.txt\n  fathom eval divergence --reference DeepSeek-V4-Flash --model flash-q4.gguf --model flash-q2.gguf --text wiki.txt --memory 48GB --out divergence") { reference, models, output, json };
        measurement.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            string?[] named = [parsed.GetValue(reference), .. MeasurementArguments.OrBuiltIn(parsed.GetValue(models))];
            string[] names = MeasurementArguments.NamesOf(named);
            MeasurementOptions options = measurement.Options(parsed);
            ModelFacts[] facts = MeasurementArguments.FactsOf(named, options);
            if (parsed.GetValue(output) is { } place) OutputFile.CheckFolder(place.FullName);
            int[] tokens = measurement.Tokens(parsed, facts[0].Path);
            var results = new List<MeasuredResult<DivergenceResult>>();
            using var line = new StatusLine();
            for (int i = 1; i < facts.Length; i++)
            {
                DivergenceResult result = DivergenceTest.Measure(facts[0].Path, facts[i].Path, tokens, options, new StatusProgress(line, facts.Length == 2 ? "reading" : $"{names[i]}: reading"), cancellation);
                results.Add(new MeasuredResult<DivergenceResult>(names[i], facts[i], result));
            }

            line.Clear();
            var report = new DivergenceReport(names[0], facts[0], results, options);
            Console.Out.Write(parsed.GetValue(json) ? report.Json() + "\n" : report.Table());
            if (parsed.GetValue(output) is { } folder) report.Write(folder.FullName);
            return Task.FromResult(0);
        });
        return command;
    }
}
