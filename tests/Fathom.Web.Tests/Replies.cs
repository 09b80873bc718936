namespace Fathom.Web.Tests;

/// <summary>What the scripted model of the page's tests says.</summary>
internal static class Replies
{
    public const string Rich = """
        A tide follows the Moon. In short:

        | place | range in m |
        |:------|-----------:|
        | Fundy |       16.3 |
        | Kiel  |        0.1 |

        The pull falls with the cube of the distance, $F \propto \frac{m}{r^3}$, so

        $$
        \frac{F_{\text{Sun}}}{F_{\text{Moon}}} = \frac{m_s}{m_m}\left(\frac{r_m}{r_s}\right)^3 \approx 0.46
        $$

        ```csharp
        // High water comes about every 12.4 hours.
        public static TimeSpan NextHighWater(int tides) =>
            TimeSpan.FromHours(12.42 * tides);
        ```

        1. Spring tides: Sun and Moon in line
        2. Neap tides: at a right angle

        > See *[tide tables](https://example.org/tides)* for `your` harbour.
        """;

    public const string Thought = "The reader wants numbers and a formula. Tidal forces go with the cube of the distance, so the Moon wins although the Sun is much heavier.";

    private static int asked;

    /// <summary>Answers by the last question.</summary>
    public static string Script(string prompt)
    {
        string last = prompt[(prompt.LastIndexOf("<｜User｜>", StringComparison.Ordinal) + 8)..];
        string thought = prompt.EndsWith("<think>", StringComparison.Ordinal) ? Thought + "</think>" : string.Empty;
        if (last.Contains("for ever", StringComparison.Ordinal)) return thought + string.Join(' ', Enumerable.Range(1, 30_000));
        if (last.Contains("tide", StringComparison.Ordinal)) return thought + Rich.ReplaceLineEndings("\n");
        if (last.Contains("echo:", StringComparison.Ordinal)) return thought + last[(last.IndexOf("echo:", StringComparison.Ordinal) + 5)..last.LastIndexOf("<｜Assistant｜>", StringComparison.Ordinal)];
        if (last.Contains("system?", StringComparison.Ordinal)) return thought + (prompt.StartsWith("<｜begin▁of▁sentence｜><｜User｜>", StringComparison.Ordinal) ? "none" : prompt["<｜begin▁of▁sentence｜>".Length..prompt.IndexOf("<｜User｜>", StringComparison.Ordinal)]);
        return thought + $"This is reply number {Interlocked.Increment(ref asked)}.";
    }
}
