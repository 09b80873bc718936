using System.CommandLine;
using Fathom.Training.Commands;

// What `fathom train` starts; see its help there.
RootCommand root = TrainingCommands.Root();
root.Subcommands.Add(TrainingCommands.FineTune());
root.Subcommands.Add(TrainingCommands.Distill());
root.Subcommands.Add(MergeCommand.Create());
root.Subcommands.Add(TokenizerCommand.Create());

ParseResult result = root.Parse(args);
if (result.Errors.Count > 0)
{
    await Console.Error.WriteLineAsync($"fathom: {result.Errors[0].Message} See 'fathom train --help'.").ConfigureAwait(false);
    return 2;
}

try
{
    return await result.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromMinutes(2) }).ConfigureAwait(false);
}
catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException or ArgumentException || exception.GetType().Namespace?.StartsWith("Fathom", StringComparison.Ordinal) == true)
{
    await Console.Error.WriteLineAsync($"fathom: {exception.Message.ReplaceLineEndings(" ")}").ConfigureAwait(false);
    return 1;
}
