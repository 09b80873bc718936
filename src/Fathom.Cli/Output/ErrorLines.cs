namespace Fathom.Cli.Output;

/// <summary>Writes sentences to stderr, each on a line of its own above a <see cref="StatusLine"/>.</summary>
/// <param name="line">The line.</param>
internal sealed class ErrorLines(StatusLine line) : IProgress<string>
{
    public void Report(string value)
    {
        line.Clear();
        Console.Error.WriteLine(value);
    }
}
