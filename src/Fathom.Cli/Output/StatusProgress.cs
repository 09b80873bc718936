using System.Globalization;

namespace Fathom.Cli.Output;

/// <summary>Shows how far something is on a <see cref="StatusLine"/>, and how long it will take from what it took so far. News stay on lines of their own.</summary>
/// <param name="line">The line.</param>
/// <param name="doing">What is done, such as "writing".</param>
/// <param name="time">What time it is; null for the system's clock.</param>
internal sealed class StatusProgress(StatusLine line, string doing, TimeProvider? time = null) : IProgress<double>, IProgress<string>
{
    // Before that much time and work a guess says nothing.
    private const double LeastShare = 0.005;
    private static readonly TimeSpan LeastTime = TimeSpan.FromSeconds(5);

    private readonly TimeProvider clock = time ?? TimeProvider.System;
    private (double Share, long Time)? first;

    /// <summary>Shows the share that is done, 0 to 1.</summary>
    public void Report(double value)
    {
        // What an earlier run has done took no time in this one.
        first ??= (value, clock.GetTimestamp());
        line.ShowWork(string.Create(CultureInfo.InvariantCulture, $"{doing} {value * 100:f0} %{Left(value)}"));
    }

    /// <summary>Shows a sentence that stays.</summary>
    public void Report(string value) => line.Say(value);

    private string Left(double value)
    {
        TimeSpan passed = clock.GetElapsedTime(first!.Value.Time);
        double share = value - first.Value.Share;
        if (share < LeastShare || passed < LeastTime) return string.Empty;
        double seconds = passed.TotalSeconds / share * (1 - value);
        return seconds switch
        {
            < 60 => string.Create(CultureInfo.InvariantCulture, $", {Math.Round(seconds):f0} s left"),
            < 5400 => string.Create(CultureInfo.InvariantCulture, $", {Math.Round(seconds / 60):f0} min left"),
            _ => string.Create(CultureInfo.InvariantCulture, $", {seconds / 3600:f1} h left"),
        };
    }
}
