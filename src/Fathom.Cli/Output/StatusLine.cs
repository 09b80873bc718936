namespace Fathom.Cli.Output;

/// <summary>One line on stderr that is overwritten while work goes on. Silent when stderr is not a terminal.</summary>
internal sealed class StatusLine : IDisposable
{
    private const int MillisecondsBetweenUpdates = 100;

    private readonly bool isShown = !Console.IsErrorRedirected;
    private long lastUpdate;
    private int lastLength;

    /// <summary>Shows a text, at most ten times a second.</summary>
    public void Show(string text)
    {
        if (!isShown || Environment.TickCount64 - lastUpdate < MillisecondsBetweenUpdates) return;
        lastUpdate = Environment.TickCount64;
        Console.Error.Write($"\r{text.PadRight(lastLength)}");
        lastLength = text.Length;
    }

    /// <summary>Takes the text away.</summary>
    public void Clear()
    {
        if (lastLength == 0) return;
        Console.Error.Write($"\r{new string(' ', lastLength)}\r");
        lastLength = 0;
    }

    /// <summary>As <see cref="Clear"/>.</summary>
    public void Dispose() => Clear();
}
