using System.CommandLine;
using System.CommandLine.Parsing;
using Fathom.Checkpoints;

namespace Fathom.Cli.Output;

/// <summary>Turns exceptions into the one line that a user sees.</summary>
internal static class ErrorText
{
    private const int NoSpaceOnUnix = 28, FullOnWindows = unchecked((int)0x80070070);

    /// <summary>The error as one line. Errors that name their cause are shown as they are; others say how to see more.</summary>
    public static string OneLine(Exception exception)
    {
        // Names of files and words of a hub may hold what commands a terminal.
        string message = TerminalText.Clean(exception.Message.ReplaceLineEndings(" ").Trim());

        // The names of parameters are for programs.
        int parameter = exception is ArgumentException ? message.IndexOf(" (Parameter '", StringComparison.Ordinal) : -1;
        if (parameter >= 0) message = message[..parameter];
        return exception switch
        {
            IOException when IsFullDisk(exception) => $"The disk is full ({message.TrimEnd('.')}); make room, and run the same command again.",
            CheckpointException or IOException or UnauthorizedAccessException or ArgumentException or InvalidOperationException or InvalidDataException or FormatException => message,
            OutOfMemoryException => "There is not enough memory for this; choose a shorter context or a smaller model.",
            _ when IsOurs(exception) => message,
            _ => $"Unexpected error: {message} ({exception.GetType().Name}; run again with --debug for the details).",
        };
    }

    /// <summary>Whether a disk had no room left.</summary>
    public static bool IsFullDisk(Exception exception) => exception is IOException { HResult: NoSpaceOnUnix or FullOnWindows };

    /// <summary>What is wrong with a command line, and whose help to read.</summary>
    public static string OfCommandLine(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        string path = string.Join(' ', PathOf(command));
        return $"{(MissingCommand(command, path, parsed.UnmatchedTokens) ?? WithoutTypes(Clearest(parsed)))} See '{path} --help'.";
    }

    // Our own sentences say more than that a word was left over.
    private static string Clearest(ParseResult parsed) =>
        (parsed.Errors.FirstOrDefault(error => error.SymbolResult is not CommandResult) ?? parsed.Errors[0]).Message;

    // A command that does nothing by itself, with the name of none of its own; null for other mistakes.
    private static string? MissingCommand(Command command, string path, IReadOnlyList<string> unmatched)
    {
        if (command.Subcommands.Count == 0 || (unmatched.Count == 0 && command.Action is not null) || unmatched is [['-', ..], ..]) return null;
        string names = string.Join(", ", command.Subcommands.Select(inner => inner.Name));
        return unmatched.Count > 0 ? $"'{path}' has no command '{TerminalText.Clean(unmatched[0])}'; it has {names}." : $"'{path}' needs one of its commands: {names}.";
    }

    private static IEnumerable<string> PathOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? PathOf(parent).Append(command.Name) : ["fathom"];

    // The names of .NET types are for programs.
    private static string WithoutTypes(string message)
    {
        int type = message.IndexOf(" as expected type '", StringComparison.Ordinal);
        return type < 0 ? message : message[..type] + ".";
    }

    private static bool IsOurs(Exception exception) =>
        exception.GetType().Namespace?.StartsWith("Fathom", StringComparison.Ordinal) == true;
}
