using System.CommandLine;
using System.CommandLine.Help;
using Fathom.Cli.Commands;
using Fathom.Cli.Output;

namespace Fathom.Cli;

/// <summary>The <c>fathom</c> command: its sub-commands, and what happens to errors.</summary>
public static class FathomCommandLine
{
    private static readonly TimeSpan TimeToStop = TimeSpan.FromSeconds(10);

    /// <summary>Runs one command line.</summary>
    /// <param name="args">Arguments without the program's name.</param>
    /// <returns>0 after success, 1 after an error, 2 for a command line that makes no sense, 130 after Ctrl+C.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var debug = new Option<bool>("--debug") { Description = "Show the stack trace of an error.", Recursive = true };
        var root = new RootCommand("Fathom runs DeepSeek V4 models on your own machine. Nothing leaves it.\n\nExample:\n  fathom run \"Why is the sky blue?\"");
        root.Options.Add(debug);
        root.SetAction(parsed => new HelpAction().Invoke(parsed));
        root.Subcommands.Add(RunCommand.Create());
        Command chat = ChatCommand.Create();
        root.Subcommands.Add(chat);
        root.Subcommands.Add(AskCommand.Create());
        Command serve = ServeCommand.Create();
        root.Subcommands.Add(serve);
        root.Subcommands.Add(KeysCommand.Create());
        root.Subcommands.Add(CacheCommand.Create());
        root.Subcommands.Add(PullCommand.Create());
        root.Subcommands.Add(ModelsCommand.Create());
        root.Subcommands.Add(PlanCommand.Create());
        root.Subcommands.Add(InspectCommand.Create());
        root.Subcommands.Add(TokenizeCommand.Create());
        root.Subcommands.Add(RenderCommand.Create());
        root.Subcommands.Add(ParseCommand.Create());
        root.Subcommands.Add(LogitsCommand.Create());
        root.Subcommands.Add(SynthCommand.Create());
        root.Subcommands.Add(ConvertCommand.Create());
        root.Subcommands.Add(QuantizeCommand.Create());
        root.Subcommands.Add(ImatrixCommand.Create());
        root.Subcommands.Add(TrainCommand.Create());
        root.Subcommands.Add(EvalCommand.Create());
        root.Subcommands.Add(BenchCommand.Create());

        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            string command = string.Join(' ', parsed.CommandResult.Command == root ? ["fathom"] : new[] { "fathom", parsed.CommandResult.Command.Name });
            await Console.Error.WriteLineAsync($"fathom: {ErrorText.WithoutTypes(parsed.Errors[0].Message)} See '{command} --help'.").ConfigureAwait(false);
            return 2;
        }

        try
        {
            // In a chat Ctrl+C stops the answer and not the program, so it handles the key itself.
            var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = parsed.CommandResult.Command == chat ? null : parsed.CommandResult.Command == serve ? ServeCommand.TimeToStop : TimeToStop };
            return await parsed.InvokeAsync(invocation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync("fathom: stopped.").ConfigureAwait(false);
            return 130;
        }
        catch (Exception exception)
        {
            await Console.Error.WriteLineAsync(parsed.GetValue(debug) ? exception.ToString() : $"fathom: {ErrorText.OneLine(exception)}").ConfigureAwait(false);
            return 1;
        }
    }
}
