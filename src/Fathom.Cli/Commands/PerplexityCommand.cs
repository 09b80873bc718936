using System.CommandLine;
using Fathom.Cli.Arguments;
using Fathom.Evaluation.Predictions;
using Fathom.Model;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom eval perplexity</c>: how well models predict a text.</summary>
internal static class PerplexityCommand
{
    public static Command Create()
    {
        var work = new ReportArguments("perplexity", "Checkpoint folder, .gguf file, or the owner/name of a pulled model; may be given several times. The built-in model when left out.", NumericProfile.Fast);
        var command = new Command("perplexity", "Measure how well a model predicts a text, token by token. A model larger than memory is read from disk once for each piece of the text.\n\nExamples:\n  fathom eval perplexity --model flash-q4.gguf --text wiki.txt\n  fathom eval perplexity --model DeepSeek-V4-Flash --model flash-q2.gguf --text wiki.txt --memory 24GB --out perplexity");
        work.AddTo(command);
        command.SetAction((parsed, cancellation) => work.RunAsync(
            parsed,
            reference: null,
            of => PerplexityTest.Measure(of.Model.Path, of.Tokens, of.Options, of.Progress, cancellation),
            (_, results, options) => new PerplexityReport(results, options)));
        return command;
    }
}
