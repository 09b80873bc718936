using System.CommandLine;
using Fathom.Cli.Arguments;
using Fathom.Evaluation.Predictions;
using Fathom.Model;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom eval divergence</c>: how differently models predict a text.</summary>
internal static class DivergenceCommand
{
    public static Command Create()
    {
        var reference = new Option<string>("--reference") { HelpName = "MODEL", Description = "The model to compare with: checkpoint folder, .gguf file or the owner/name of a pulled model.", Required = true };
        var work = new ReportArguments("divergence", "The model to judge; may be given several times. The built-in model when left out.", NumericProfile.Plain);
        var command = new Command("divergence", "Compare models' predictions with those of a reference, such as the checkpoint that they were quantised from. Each is open together with the reference, and --memory is for both.\n\nExamples:\n  fathom eval divergence --reference DeepSeek-V4-Flash --model flash-q2.gguf --text wiki.txt\n  fathom eval divergence --reference DeepSeek-V4-Flash --model flash-q4.gguf --model flash-q2.gguf --text wiki.txt --memory 48GB --out divergence") { reference };
        work.AddTo(command);
        command.SetAction((parsed, cancellation) => work.RunAsync(
            parsed,
            parsed.GetValue(reference),
            of => DivergenceTest.Measure(of.First.Path, of.Model.Path, of.Tokens, of.Options, of.Progress, cancellation),
            (first, results, options) => new DivergenceReport(first.Name, first.Facts, results, options)));
        return command;
    }
}
