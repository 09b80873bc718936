using System.Text.Json.Nodes;
using Fathom.Documents;
using Fathom.Server.Streams;

namespace Fathom.Server.Chat.Attaching;

/// <summary>
/// What the page shows of an answer's quotations and citations: what became of each, and the places they lead to. A place names its document and the pieces of it (<c>from</c>, <c>to</c>), so that the page
/// can open the document there.
/// </summary>
internal static class AnswerSources
{
    private const int MostShown = 500;

    /// <summary>Checks an answer.</summary>
    /// <param name="documents">All documents of its branch.</param>
    /// <param name="question">The question that it answers.</param>
    /// <param name="answer">Its text.</param>
    /// <returns>JSON: <c>quotations</c>, <c>citations</c>, and <c>found</c>, the sources that Fathom found by itself for an answer that names none.</returns>
    public static string Check(ShelvedDocuments documents, string question, string answer)
    {
        CitationReport report = documents.Checker.Check(answer);
        var json = new JsonObject
        {
            ["quotations"] = new JsonArray([.. report.Quotations.Take(MostShown).Select(quotation => (JsonNode)Of(documents, quotation))]),
            ["citations"] = new JsonArray([.. report.Citations.Take(MostShown).Select(citation => (JsonNode)Of(documents, citation))]),
            ["found"] = new JsonArray(report.NamesPlaces ? [] : [.. documents.Finder.Find(question, answer).Sources.Select(source => (JsonNode)Of(documents, source.Found))]),
        };
        return json.ToJsonString(EventStream.Json);
    }

    /// <summary>A check that could not be made.</summary>
    public static string Failed(string message) => new JsonObject { ["error"] = message }.ToJsonString(EventStream.Json);

    private static JsonObject Of(ShelvedDocuments documents, CheckedQuotation quotation)
    {
        var json = new JsonObject
        {
            ["text"] = quotation.Text,
            ["status"] = quotation.Status switch { QuotationStatus.Verified => "verified", QuotationStatus.FoundElsewhere => "elsewhere", _ => "not_found" },
            ["places"] = new JsonArray([.. quotation.Places.Select(place => (JsonNode)Of(documents, place))]),
        };
        if (quotation.Citation is { } citation) json["citation"] = new JsonObject { ["text"] = citation.Text, ["start"] = citation.Start };
        if (quotation.Nearest is { } nearest) json["nearest"] = Of(documents, nearest);
        if (quotation.AgreesUntil is { } agrees) json["agrees_until"] = agrees;
        return json;
    }

    private static JsonObject Of(ShelvedDocuments documents, CheckedCitation citation) => new()
    {
        ["text"] = citation.Text,
        ["start"] = citation.Start,
        ["unknown"] = new JsonArray([.. citation.Unknown.Select(number => (JsonNode)number)]),
        ["places"] = new JsonArray([.. citation.Ranges.SelectMany(range => PlacesOf(documents, range.First, range.Last))]),
    };

    // A range may run over the end of a document.
    private static IEnumerable<JsonNode> PlacesOf(ShelvedDocuments documents, int first, int last)
    {
        if (documents.Prompt.Find(first) is not { } from || documents.Prompt.Find(last) is not { } to) yield break;
        if (ReferenceEquals(from.Document, to.Document))
        {
            yield return Place(documents, from.Document, from.First, to.Last);
            yield break;
        }

        yield return Place(documents, from.Document, from.First, from.Last);
        yield return Place(documents, to.Document, to.First, to.Last);
    }

    private static JsonObject Of(ShelvedDocuments documents, FoundPlace found)
    {
        Passage from = documents.Prompt.Find(found.FirstNumber)!, to = documents.Prompt.Find(found.LastNumber)!;
        int first = from.First, last = to.Last;
        while (first < from.Last && from.Document.Pieces[first].Line != found.Place.Line) first++;
        while (last > Math.Max(first, to.First) && to.Document.Pieces[last].Line != found.Place.LastLine) last--;
        return Place(documents, from.Document, first, last);
    }

    private static JsonObject Place(ShelvedDocuments documents, SourceDocument document, int first, int last)
    {
        ChatDocument head = documents.HeadOf(document);
        SourcePlace place = document.PlaceOf(first, last);
        return new JsonObject
        {
            ["document"] = head.Id,
            ["path"] = place.Path,
            ["kind"] = ChatJsonForms.Word(place.Kind),
            ["page"] = place.Page,
            ["line"] = place.Line,
            ["last_page"] = place.LastPage,
            ["last_line"] = place.LastLine,
            ["part"] = place.Part,
            ["from"] = first,
            ["to"] = last,
        };
    }
}
