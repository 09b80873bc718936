using System.CommandLine;
using System.Globalization;
using Fathom.Checkpoints.Conversion;
using Fathom.Cli.Arguments;
using Fathom.Cli.Output;
using Fathom.Evaluation.Importance;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom imatrix</c>: which inputs of the routed experts matter, for <c>fathom quantize</c>.</summary>
internal static class ImatrixCommand
{
    public static Command Create()
    {
        Option<string?> model = ModelArguments.ModelOption();
        Option<int?> threads = ModelArguments.ThreadsOption();
        var output = new Option<FileInfo>("--output") { Description = "The file to write.", Required = true };
        var text = new TextArguments();
        var command = new Command("imatrix", "Read a text and write the mean squared input of each column of the routed experts, by which 'fathom quantize --imatrix' weighs errors.\n\nExample:\n  fathom imatrix --model DeepSeek-V4-Flash --text sample.txt --output flash.imatrix") { model, output, threads };
        text.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            string path = ModelLocation.Resolve(parsed.GetValue(model)), file = parsed.GetValue(output)!.FullName;
            int[] tokens = text.Tokens(parsed, path);
            int context = text.Context(parsed);
            using var line = new StatusLine();
            ImportanceMatrix result = ImportanceTest.Measure(path, tokens, context, ModelArguments.CheckThreads(parsed.GetValue(threads)), new StatusProgress(line, "reading"), cancellation);
            line.Clear();
            int chunks = ((tokens.Length - 1) / (context - 1)) + 1;
            result.Write(file, chunks, context);
            int unseen = result.Counts.Values.Sum(counts => counts.Count(count => count == 0)), all = result.Counts.Values.Sum(counts => counts.Length);
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Wrote {file}: {tokens.Length:n0} tokens; of {all:n0} experts' matrices {unseen:n0} were never asked."));
            return Task.FromResult(0);
        });
        return command;
    }
}
