using Fathom.Cli.Output;

namespace Fathom.Cli.Tests;

/// <summary>What is shown of long work, on a terminal and elsewhere.</summary>
public sealed class StatusLineTests : IDisposable
{
    private readonly StringWriter output = new() { NewLine = "\n" };
    private readonly Clock clock = new();

    public void Dispose() => output.Dispose();

    [Fact]
    public void A_terminal_sees_the_share_and_the_time_that_is_left()
    {
        using var line = new StatusLine(output, isTerminal: true, clock);
        var progress = new StatusProgress(line, "writing", clock);
        Assert.Equal("\rwriting 20 %", Shown(progress, 0.2, seconds: 0));
        Assert.Equal("\rwriting 40 %, 1 min left", Shown(progress, 0.4, seconds: 20));
        Assert.Equal("\rwriting 60 %, 40 s left", Shown(progress, 0.6, seconds: 20).TrimEnd());
        Assert.Equal("\rwriting 61 %, 19.5 h left", Shown(progress, 0.61, seconds: 73_760));
        progress.Report("Going on at 20 %.");
        Assert.EndsWith("\rGoing on at 20 %.\n", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Elsewhere_there_is_a_plain_line_every_half_minute()
    {
        using var line = new StatusLine(output, isTerminal: false, clock);
        var progress = new StatusProgress(line, "writing", clock);
        for (int second = 0; second <= 70; second++) Shown(progress, second / 100.0, seconds: second == 0 ? 0 : 1);
        line.Show("something short");
        line.Clear();
        Assert.Equal("writing 30 %, 1 min left\nwriting 60 %, 40 s left\n", output.ToString());
    }

    [Fact]
    public void A_text_longer_than_the_terminal_is_cut_because_a_wrapped_line_cannot_be_taken_back()
    {
        using var line = new StatusLine(output, isTerminal: true, clock, () => 12);
        line.Show("eleven here");
        clock.Now += TimeSpan.FromSeconds(1);
        line.Show("twelve here!");
        Assert.Equal("\releven here\rtwelve her…", output.ToString());
    }

    [Fact]
    public void Short_work_is_silent_where_there_is_no_terminal()
    {
        using var line = new StatusLine(output, isTerminal: false, clock);
        var progress = new StatusProgress(line, "writing", clock);
        foreach (double share in (double[])[0, 0.5, 1]) Shown(progress, share, seconds: 5);
        Assert.Empty(output.ToString());
    }

    private string Shown(StatusProgress progress, double share, int seconds)
    {
        clock.Now += TimeSpan.FromSeconds(seconds);
        int before = output.GetStringBuilder().Length;
        progress.Report(share);
        return output.ToString()[before..];
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; } = TimeSpan.FromDays(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
