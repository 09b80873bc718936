using System.CommandLine;
using System.Globalization;
using Fathom.Checkpoints;
using Fathom.Checkpoints.Conversion;
using Fathom.Cli.Arguments;
using Fathom.Cli.Output;
using Fathom.Evaluation.Importance;
using Fathom.Evaluation.Predictions;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom imatrix</c>: which inputs of the routed experts matter, for <c>fathom quantize</c>.</summary>
internal static class ImatrixCommand
{
    private const string UnfinishedExtension = ".partial", LockExtension = ".lock";

    public static Command Create()
    {
        Option<string?> model = ModelArguments.ModelOption();
        var output = new Option<FileInfo>("--output") { Description = "The file to write.", Required = true };
        var force = new Option<bool>("--force") { Description = "Replace the file if it is there already." };
        var measurement = new MeasurementArguments(standard: null);
        var command = new Command("imatrix", "Read a text and write the mean squared input of each column of the routed experts, by which 'fathom quantize --imatrix' weighs errors. A stopped run leaves NAME.partial, and the same command goes on with it.\n\nExample:\n  fathom imatrix --model DeepSeek-V4-Flash --text sample.txt --output flash.imatrix --memory 24GB") { model, output, force };
        measurement.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            string file = parsed.GetValue(output)!.FullName, unfinished = file + UnfinishedExtension;
            MeasurementOptions options = measurement.Options(parsed);
            var facts = ModelFacts.Of(ModelLocation.Resolve(parsed.GetValue(model)));
            string[] read = [.. facts.Files, measurement.TextFile(parsed)];
            OutputFile.Check(file, read, parsed.GetValue(force));
            OutputFile.Check(unfinished, read, isForced: true);
            facts.CheckContext(options.Context);
            int[] tokens = measurement.Tokens(parsed, facts.Path);

            // The sums of two runs would replace each other.
            string owned = unfinished + LockExtension;
            using FileStream alone = OutputFiles.Alone(file, () => new FileStream(owned, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose));
            using var line = new StatusLine();
            ImportanceMatrix result;
            try
            {
                result = ImportanceTest.Measure(facts.Path, tokens, options, unfinished, new ErrorLines(line), new StatusProgress(line, "reading"), cancellation);
            }
            catch (OperationCanceledException) when (File.Exists(unfinished))
            {
                line.Say($"What was saved last stays in {unfinished}; the same command goes on with it.");
                throw;
            }

            line.Clear();
            result.Write(file, TextWindows.CountOf(tokens, options.Context), options.Context);
            File.Delete(unfinished);

            // What a kill in the middle of saving may have left.
            File.Delete(unfinished + ".tmp");
            int unseen = result.Counts.Values.Sum(counts => counts.Count(count => count == 0)), all = result.Counts.Values.Sum(counts => counts.Length);
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Wrote {file}: {tokens.Length:n0} tokens; {(unseen == 0 ? $"all {all:n0} matrices of experts had input" : $"{unseen:n0} of {all:n0} matrices of experts had no input and will be rounded as without importance")}."));
            return Task.FromResult(0);
        });
        return command;
    }
}
