namespace Fathom.Cli.Output;

/// <summary>Shows what is being done on a <see cref="StatusLine"/>.</summary>
/// <param name="line">The line.</param>
internal sealed class StatusTexts(StatusLine line) : IProgress<string>
{
    public void Report(string value) => line.Show(value + " …");
}
