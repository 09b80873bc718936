using Fathom.Text;

namespace Fathom.Inference;

/// <summary>Finds stop texts in a stream, across the borders of its pieces, and holds back what may become one.</summary>
public sealed class StopMatcher
{
    private readonly IReadOnlyList<string> stops;
    private string held = string.Empty;

    /// <summary>A matcher for one answer.</summary>
    /// <param name="stops">Texts that end the answer; none may be empty.</param>
    /// <exception cref="ArgumentException">A stop text is empty.</exception>
    public StopMatcher(IReadOnlyList<string> stops)
    {
        ArgumentNullException.ThrowIfNull(stops);
        foreach (string stop in stops) ArgumentException.ThrowIfNullOrEmpty(stop, nameof(stops));
        this.stops = stops;
    }

    /// <summary>The stop text that came up, or null.</summary>
    public string? Found { get; private set; }

    /// <summary>Adds text and returns what is certain to stand before any stop text.</summary>
    public string Push(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (Found is not null || stops.Count == 0) return Found is null ? text : string.Empty;
        text = held + text;
        int first = int.MaxValue;
        foreach (string stop in stops)
        {
            int at = text.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && at < first) (first, Found) = (at, stop);
        }

        if (Found is not null)
        {
            held = string.Empty;
            return text[..first];
        }

        int waiting = stops.Max(stop => TextTail.Length(text, stop));
        held = text[^waiting..];
        return text[..^waiting];
    }

    /// <summary>Ends the stream and returns what was held back.</summary>
    public string Flush()
    {
        string rest = held;
        held = string.Empty;
        return rest;
    }
}
