namespace Fathom.Cli.Output;

/// <summary>Shows how far something is on a <see cref="StatusLine"/>.</summary>
/// <param name="line">The line.</param>
/// <param name="doing">What is done, such as "writing".</param>
internal sealed class StatusProgress(StatusLine line, string doing) : IProgress<double>
{
    public void Report(double value) => line.Show($"{doing} {value:p0}");
}
