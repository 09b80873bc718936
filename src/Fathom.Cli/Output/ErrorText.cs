using Fathom.Checkpoints;

namespace Fathom.Cli.Output;

/// <summary>Turns exceptions into the one line that a user sees.</summary>
internal static class ErrorText
{
    /// <summary>The error as one line. Errors that name their cause are shown as they are; others say how to see more.</summary>
    public static string OneLine(Exception exception)
    {
        string message = exception.Message.ReplaceLineEndings(" ").Trim();

        // The names of parameters are for programs.
        int parameter = exception is ArgumentException ? message.IndexOf(" (Parameter '", StringComparison.Ordinal) : -1;
        if (parameter >= 0) message = message[..parameter];
        return exception switch
        {
            CheckpointException or IOException or UnauthorizedAccessException or ArgumentException or InvalidOperationException or InvalidDataException or FormatException => message,
            OutOfMemoryException => "There is not enough memory for this; choose a shorter context or a smaller model.",
            _ when IsOurs(exception) => message,
            _ => $"Unexpected error: {message} ({exception.GetType().Name}; run again with --debug for the details).",
        };
    }

    /// <summary>A parse error without the names of .NET types.</summary>
    public static string WithoutTypes(string message)
    {
        int type = message.IndexOf(" as expected type '", StringComparison.Ordinal);
        return type < 0 ? message : message[..type] + ".";
    }

    private static bool IsOurs(Exception exception) =>
        exception.GetType().Namespace?.StartsWith("Fathom", StringComparison.Ordinal) == true;
}
