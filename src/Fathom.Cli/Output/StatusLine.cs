namespace Fathom.Cli.Output;

/// <summary>One line on stderr that is overwritten while work goes on. When stderr is not a terminal, long work has a plain line now and then, and all else is silent.</summary>
internal sealed class StatusLine : IDisposable
{
    private static readonly TimeSpan BetweenUpdates = TimeSpan.FromMilliseconds(100), BetweenLines = TimeSpan.FromSeconds(30);

    private readonly TextWriter writer;
    private readonly bool isTerminal;
    private readonly TimeProvider clock;
    private readonly Func<int> columns;
    private long lastUpdate;
    private long? lastLine;
    private int lastLength;

    /// <summary>A line on stderr.</summary>
    public StatusLine()
        : this(Console.Error, !Console.IsErrorRedirected, TimeProvider.System, () => Console.WindowWidth)
    {
    }

    /// <summary>A line elsewhere.</summary>
    /// <param name="writer">Where.</param>
    /// <param name="isTerminal">Whether it can be overwritten.</param>
    /// <param name="clock">What time it is.</param>
    /// <param name="columns">How wide the terminal is now; 0, and nothing, for one that does not say.</param>
    public StatusLine(TextWriter writer, bool isTerminal, TimeProvider clock, Func<int>? columns = null)
    {
        this.columns = columns ?? (() => 0);
        this.writer = writer;
        this.isTerminal = isTerminal;
        this.clock = clock;
        lastUpdate = clock.GetTimestamp() - (long)(BetweenUpdates.TotalSeconds * clock.TimestampFrequency);
    }

    /// <summary>Shows a text, at most ten times a second.</summary>
    public void Show(string text)
    {
        if (!isTerminal || clock.GetElapsedTime(lastUpdate) < BetweenUpdates) return;
        lastUpdate = clock.GetTimestamp();

        // A line that is wrapped cannot be taken back.
        if (columns() is > 1 and var width && text.Length >= width) text = text[..(width - 2)] + "…";
        writer.Write($"\r{text.PadRight(lastLength)}");
        lastLength = text.Length;
    }

    /// <summary>Shows how far long work is: as <see cref="Show"/>, or as a line every half minute, the first after half a minute.</summary>
    public void ShowWork(string text)
    {
        Show(text);
        if (isTerminal) return;
        lastLine ??= clock.GetTimestamp();
        if (clock.GetElapsedTime(lastLine.Value) < BetweenLines) return;
        lastLine = clock.GetTimestamp();
        writer.WriteLine(text);
    }

    /// <summary>Says a sentence that stays.</summary>
    public void Say(string text)
    {
        Clear();
        writer.WriteLine(text);
    }

    /// <summary>Takes the text away.</summary>
    public void Clear()
    {
        if (lastLength == 0) return;
        writer.Write($"\r{new string(' ', lastLength)}\r");
        lastLength = 0;
    }

    /// <summary>As <see cref="Clear"/>.</summary>
    public void Dispose() => Clear();
}
