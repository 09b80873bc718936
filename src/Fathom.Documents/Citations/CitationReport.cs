using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fathom.Documents;

/// <summary>What the check of an answer found.</summary>
/// <param name="Quotations">All quotations, in the answer's order.</param>
/// <param name="Citations">All citations, in the answer's order.</param>
public sealed record CitationReport(IReadOnlyList<CheckedQuotation> Quotations, IReadOnlyList<CheckedCitation> Citations)
{
    private const int LongestShown = 100;

    internal static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        IncludeFields = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>Quotations whose words stand where they are said to.</summary>
    public int Verified => Quotations.Count(quotation => quotation.Status == QuotationStatus.Verified);

    /// <summary>Whether nothing is to be complained of. True as well for an answer that quotes and cites nothing.</summary>
    public bool IsClean => Verified == Quotations.Count && Citations.All(citation => citation.IsKnown);

    /// <summary>Whether a citation leads to a passage that exists.</summary>
    public bool NamesPlaces => Citations.Any(citation => citation.Places.Count > 0);

    /// <summary>One sentence of figures.</summary>
    public string Summary
    {
        get
        {
            if (Quotations.Count == 0 && Citations.Count == 0) return "The answer quotes and cites nothing.";
            int elsewhere = Quotations.Count(quotation => quotation.Status == QuotationStatus.FoundElsewhere);
            int missing = Quotations.Count - Verified - elsewhere;
            int unknown = Citations.Count(citation => !citation.IsKnown);
            var text = new StringBuilder($"{Verified} of {Quotations.Count} quotations verified");
            if (elsewhere > 0) text.Append($", {elsewhere} found elsewhere than cited");
            if (missing > 0) text.Append($", {missing} NOT FOUND in the documents");
            text.Append(unknown == 0 ? $"; all {Citations.Count} citations name passages that exist." : $"; {unknown} of {Citations.Count} citations name passages that do not exist.");
            return text.ToString();
        }
    }

    /// <summary>The report as plain text: a line for each quotation, then the citations that are wrong.</summary>
    public string ToText() => Lines(string.Empty, text => $"\"{text}\"");

    /// <summary>The report as Markdown.</summary>
    public string ToMarkdown() => Lines("- ", text => $"“{text.Replace("*", "\\*", StringComparison.Ordinal).Replace("`", "\\`", StringComparison.Ordinal).Replace("<", "\\<", StringComparison.Ordinal)}”");

    /// <summary>The report as JSON, with all places.</summary>
    public string ToJson() => JsonSerializer.Serialize(
        new
        {
            IsClean,
            Summary,
            Quotations = Quotations.Select(quotation => new
            {
                quotation.Text,
                quotation.Start,
                quotation.Length,
                quotation.Form,
                quotation.Status,
                quotation.HasOmissions,
                Citation = quotation.Citation?.Text,
                Places = quotation.Places.Select(Shown),
                quotation.AgreesUntil,
                Nearest = quotation.Nearest is { } nearest ? Shown(nearest) : null,
            }),
            Citations = Citations.Select(citation => new { citation.Text, citation.Start, citation.IsKnown, citation.Unknown, Places = citation.Places.Select(Shown) }),
        },
        Json);

    private static object Shown(FoundPlace found) => new { found.Place.Path, found.Place.Page, found.Place.Part, found.Place.Line, found.Place.LastPage, found.Place.LastLine, found.FirstNumber, found.LastNumber };

    private static object Shown(SourcePlace place) => new { place.Path, place.Page, place.Part, place.Line, place.LastPage, place.LastLine };

    private string Lines(string bullet, Func<string, string> quoted)
    {
        var text = new StringBuilder();
        text.Append(Summary).Append('\n');
        if (bullet.Length > 0) text.Append('\n');
        foreach (CheckedQuotation quotation in Quotations)
        {
            text.Append(bullet).Append(Mark(quotation.Status)).Append(' ').Append(quoted(Short(quotation.Text)));
            if (quotation.Status == QuotationStatus.FoundElsewhere) text.Append(" is not in ").Append(quotation.Citation!.Text).Append(" but in");
            else if (quotation.Status == QuotationStatus.NotFound) text.Append(" stands in no document");
            else text.Append(':');
            if (quotation.Places.Count > 0) text.Append(' ').AppendJoin("; ", quotation.Places);
            else if (quotation.Nearest is { } nearest) text.Append("; nearest: ").Append(nearest).Append(", which agrees until ").Append(quoted(Short(quotation.AgreesUntil!)));
            text.Append('\n');
        }

        foreach (CheckedCitation citation in Citations.Where(citation => !citation.IsKnown))
        {
            text.Append(bullet).Append(Mark(QuotationStatus.NotFound)).Append(' ').Append(citation.Text).Append(": no passage has the number ").AppendJoin(", ", citation.Unknown).Append('\n');
        }

        return text.ToString();
    }

    private static string Mark(QuotationStatus status) => status switch
    {
        QuotationStatus.Verified => "ok",
        QuotationStatus.FoundElsewhere => "WRONG PLACE",
        _ => "NOT FOUND",
    };

    private static string Short(string text)
    {
        string line = string.Join(' ', text.Split((char[])[' ', '\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= LongestShown ? line : line[..(LongestShown - 1)] + "…";
    }
}
