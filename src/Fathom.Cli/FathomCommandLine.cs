using System.CommandLine;
using System.CommandLine.Help;
using Fathom.Cli.Commands;
using Fathom.Cli.Output;
using Spectre.Console;

namespace Fathom.Cli;

/// <summary>The <c>fathom</c> command: its sub-commands, and what happens to errors.</summary>
public static class FathomCommandLine
{
    private const int ColumnsWithoutTerminal = 240;

    private static readonly TimeSpan TimeToStop = TimeSpan.FromSeconds(10);

    /// <summary>Runs one command line.</summary>
    /// <param name="args">Arguments without the program's name.</param>
    /// <returns>0 after success, 1 after an error, 2 for a command line that makes no sense, 130 after Ctrl+C.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        RootCommand root = CreateRoot(out Option<bool> debug, out Option<DirectoryInfo?> store);
        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            await SayAsync($"fathom: {ErrorText.OfCommandLine(parsed)}").ConfigureAwait(false);
            return 2;
        }

        // Tables in files and pipes are not cut to a terminal's width, and lists of commands have a line for each.
        if (Console.IsOutputRedirected) AnsiConsole.Profile.Width = ColumnsWithoutTerminal;
        HelpNames.Shorten(parsed.CommandResult.Command.Subcommands);

        // One place says where models are, for this process and the trainer that it may start.
        if (parsed.GetValue(store) is { } folder) Environment.SetEnvironmentVariable("FATHOM_HOME", folder.FullName);
        try
        {
            // In a chat Ctrl+C stops the answer and not the program, so it handles the key itself.
            string command = parsed.CommandResult.Command.Name;
            var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = command == "chat" ? null : command == "serve" ? ServeCommand.TimeToStop : TimeToStop };
            return await parsed.InvokeAsync(invocation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await SayAsync("fathom: stopped.").ConfigureAwait(false);
            return 130;
        }
        catch (Exception exception)
        {
            await SayAsync(parsed.GetValue(debug) ? exception.ToString() : $"fathom: {ErrorText.OneLine(exception)}").ConfigureAwait(false);
            return 1;
        }
    }

    /// <summary>All commands, as help shows them.</summary>
    /// <param name="debug">The option that shows stack traces.</param>
    /// <param name="store">The option that names the folder of pulled models.</param>
    internal static RootCommand CreateRoot(out Option<bool> debug, out Option<DirectoryInfo?> store)
    {
        debug = new Option<bool>("--debug") { Description = "Show the stack trace of an error.", Recursive = true };
        var root = new RootCommand("Fathom runs DeepSeek V4 models on your own machine. Nothing leaves it.\n\nExample:\n  fathom run \"Why is the sky blue?\"");
        root.Options.Add(debug);
        store = new Option<DirectoryInfo?>("--store") { Description = "The folder of pulled models (default: FATHOM_HOME, or Fathom's place in the local application data).", Recursive = true };
        root.Options.Add(store);
        root.SetAction(parsed => new HelpAction().Invoke(parsed));
        root.Subcommands.Add(RunCommand.Create());
        root.Subcommands.Add(ChatCommand.Create());
        root.Subcommands.Add(AskCommand.Create());
        root.Subcommands.Add(ServeCommand.Create());
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
        HelpNames.Set(root);
        return root;
    }

    // Where stderr is closed or its disk full, the exit code still says what happened.
    private static async Task SayAsync(string text)
    {
        try
        {
            await Console.Error.WriteLineAsync(text).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
        }
    }
}
