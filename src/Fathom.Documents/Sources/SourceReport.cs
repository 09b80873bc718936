using System.Text;
using System.Text.Json;

namespace Fathom.Documents;

/// <summary>The sources that Fathom found for an answer, as text, Markdown and JSON. They are words that agree, and not citations of the model.</summary>
/// <param name="Sources">Best first for each statement, in the answer's order.</param>
public sealed record SourceReport(IReadOnlyList<FoundSource> Sources)
{
    /// <summary>What stands above the list.</summary>
    public const string Title = "Sources found by Fathom";

    private const string None = "No passage has the words of this answer together with those of the question.";

    /// <summary>A line for each source, or a sentence that says that there is none.</summary>
    public string ToText() => Lines(string.Empty, text => $"\"{text}\"");

    /// <summary>The same as a Markdown list.</summary>
    public string ToMarkdown() => Lines("- ", text => $"“{Escaped(text)}”");

    /// <summary>Every source with its place and score.</summary>
    public string ToJson() => JsonSerializer.Serialize(
        Sources.Select(source => new
        {
            source.Statement,
            source.Text,
            Score = Math.Round(source.Score, 3),
            source.Found.Place.Path,
            source.Found.Place.Page,
            source.Found.Place.Part,
            source.Found.Place.Line,
            source.Found.Place.LastPage,
            source.Found.Place.LastLine,
            source.Found.FirstNumber,
            source.Found.LastNumber,
        }),
        CitationReport.Json);

    private string Lines(string bullet, Func<string, string> quoted)
    {
        if (Sources.Count == 0) return None + "\n";
        var text = new StringBuilder();
        foreach (FoundSource source in Sources) text.Append(bullet).Append(source.Found.Place).Append(": ").Append(quoted(source.Text)).Append('\n');
        return text.ToString();
    }

    private static string Escaped(string text)
    {
        foreach (string mark in (string[])["*", "`", "<", "_"]) text = text.Replace(mark, "\\" + mark, StringComparison.Ordinal);
        return text;
    }
}
