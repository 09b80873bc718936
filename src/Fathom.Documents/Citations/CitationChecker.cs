using System.Text.RegularExpressions;
using Fathom.Documents.Citations;

namespace Fathom.Documents;

/// <summary>
/// Holds the quotations and citations of an answer against the documents. Nothing of it asks a model: a quotation is verified when its
/// words stand in a document in their order, and flagged otherwise. White space, line breaks, hyphens at line ends, kinds of quotation
/// marks and dashes, ligatures, the case of the first letter, and ellipses for words left out make no difference; any other word does.
/// </summary>
/// <param name="prompt">The documents as they stood in the prompt. Safe to use from several threads.</param>
public sealed partial class CitationChecker(DocumentPrompt prompt)
{
    /// <summary>Places that are named for one quotation; more do not help.</summary>
    private const int MostPlaces = 5;

    /// <summary>What an ellipsis may stand for: characters before words that are a phrase, and before single words, which stand everywhere.</summary>
    private const int LongestOmission = 1_500;
    private const int LongestOmissionBeforeWord = 200;
    private const int WordsOfPhrase = 3;

    /// <summary>Characters between a quotation and the citation that belongs to it.</summary>
    private const int CitationWithin = 160;

    /// <summary>Letters that must agree before a place is called near.</summary>
    private const int FewestAgreeing = 10;

    private readonly Lazy<SourceText[]> sources = new(() => [.. prompt.Documents.SelectMany(PageEdges.TextsOf)]);

    /// <summary>Checks an answer.</summary>
    /// <param name="answer">The answer as the model wrote it.</param>
    public CitationReport Check(string answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        List<FoundQuotation> quotations = QuotationFinder.Find(answer);
        CheckedCitation[] citations = [.. CitationFinder.Find(answer, quotations).Select(found => Checked(found.Text, found.Start, found.Ranges, found.Wrong))];
        var results = new List<CheckedQuotation>();
        for (int i = 0; i < quotations.Count; i++)
        {
            int next = i + 1 < quotations.Count ? quotations[i + 1].Start : answer.Length;
            results.Add(Checked(quotations[i], CitationOf(answer, quotations[i], next, citations)));
        }

        return new CitationReport(results, citations);
    }

    private CheckedCitation Checked(string text, int start, (int First, int Last)[] ranges, string[] wrong)
    {
        var unknown = new List<string>(wrong);
        var places = new List<SourcePlace>();
        foreach ((int first, int last) in ranges)
        {
            if (prompt.Find(first) is not { } from || prompt.Find(last) is not { } to)
            {
                unknown.Add(first == last ? $"{first}" : $"{first}-{last}");
            }
            else if (ReferenceEquals(from.Document, to.Document))
            {
                places.Add(from.Document.PlaceOf(from.First, to.Last));
            }
            else
            {
                places.Add(from.Place);
                places.Add(to.Place);
            }
        }

        return new CheckedCitation(text, start, ranges, unknown, places);
    }

    /// <summary>The citation after a quotation, in the same sentence or right behind it.</summary>
    private static CheckedCitation? CitationOf(string answer, FoundQuotation quotation, int next, CheckedCitation[] citations)
    {
        int end = quotation.Start + quotation.Length;

        // In a block quotation the citation stands inside.
        CheckedCitation? inside = quotation.Form == QuotationForm.Block ? citations.LastOrDefault(citation => citation.Start >= quotation.Start && citation.Start < end) : null;
        if (inside is not null) return inside;
        CheckedCitation[] near = [.. citations.Where(citation => citation.Start >= end && citation.Start < next && citation.Start <= end + CitationWithin && !NewSentence().IsMatch(answer[end..citation.Start]))];
        if (near.Length == 0) return null;

        // [3][7] is one citation of two passages.
        CheckedCitation all = near[0];
        for (int i = 1; i < near.Length && string.IsNullOrWhiteSpace(answer[(all.Start + all.Text.Length)..near[i].Start]); i++)
        {
            all = new CheckedCitation(answer[all.Start..(near[i].Start + near[i].Text.Length)], all.Start, [.. all.Ranges, .. near[i].Ranges], [.. all.Unknown, .. near[i].Unknown], [.. all.Places, .. near[i].Places]);
        }

        return all;
    }

    private CheckedQuotation Checked(FoundQuotation quotation, CheckedCitation? citation)
    {
        bool hasOmissions = false;
        List<FoundPlace> places = Places(quotation.Text, citation, hasOmissions: false);
        if (places.Count == 0 && QuotedSegment.HasEllipsis(quotation.Text))
        {
            places = Places(quotation.Text, citation, hasOmissions: true);
            hasOmissions = places.Count > 0;
        }

        if (places.Count == 0)
        {
            (string? agrees, FoundPlace? nearest) = Nearest(quotation.Text);
            return new CheckedQuotation(quotation.Text, quotation.Start, quotation.Length, quotation.Form, QuotationStatus.NotFound, []) { Citation = citation, AgreesUntil = agrees, Nearest = nearest };
        }

        bool isCited = citation is null || places.Any(place => IsCited(place, citation));
        return new CheckedQuotation(quotation.Text, quotation.Start, quotation.Length, quotation.Form, isCited ? QuotationStatus.Verified : QuotationStatus.FoundElsewhere, places) { Citation = citation, HasOmissions = hasOmissions };
    }

    private static bool IsCited(FoundPlace place, CheckedCitation citation) => citation.Ranges.Any(range => range.First <= place.LastNumber && place.FirstNumber <= range.Last);

    private List<FoundPlace> Places(string quotation, CheckedCitation? citation, bool hasOmissions)
    {
        // Emphasis may have been added by the answer, or taken away from a source: both readings count.
        foreach (bool isPlain in (bool[])[false, true])
        {
            QuotedSegment[] segments = hasOmissions ? QuotedSegment.Split(quotation, isPlain) : QuotedSegment.Whole(quotation, isPlain) is { } whole ? [whole] : [];
            if (segments.Length == 0) continue;
            var places = new List<FoundPlace>();
            foreach (SourceText source in sources.Value)
            {
                int from = 0;
                while (Find(source, segments, from) is { } match)
                {
                    FoundPlace place = PlaceOf(source, match.Start, match.End);
                    bool isWanted = citation is not null && IsCited(place, citation);
                    if (isWanted && !places.Contains(place)) places.Insert(0, place);
                    else if (places.Count < MostPlaces && !places.Contains(place)) places.Add(place);

                    // Beyond the named places only a cited one is worth looking for.
                    if (places.Count >= MostPlaces && (citation is null || IsCited(places[0], citation))) break;
                    from = match.Start + 1;
                }
            }

            if (places.Count > 0) return [.. places.Take(MostPlaces)];
        }

        return [];
    }

    private static (int Start, int End)? Find(SourceText source, QuotedSegment[] segments, int from)
    {
        // The next place of a segment stays the next one while the search goes on before it: so no text is searched twice.
        var next = new (int Start, int End)[segments.Length];
        while (source.Find(segments[0], from) is { } first)
        {
            int end = first.End;
            int i = 1;
            for (; i < segments.Length; i++)
            {
                if (next[i].Start < end)
                {
                    if (source.Find(segments[i], end) is not { } found) return null;
                    next[i] = found;
                }

                int longest = segments[i].Words >= WordsOfPhrase ? LongestOmission : LongestOmissionBeforeWord;
                if (next[i].Start - end > longest) break;
                end = next[i].End;
            }

            if (i == segments.Length) return (first.Start, end);
            from = first.Start + 1;
        }

        return null;
    }

    private FoundPlace PlaceOf(SourceText source, int start, int end)
    {
        int first = source.PieceAt(start);
        int last = source.PieceAt(Math.Max(start, end - 1));
        return prompt.PlaceOf(source.Document, first, last);
    }

    private (string? Agrees, FoundPlace? Nearest) Nearest(string quotation)
    {
        (string sought, int[] positions) = SourceText.Letters(quotation);
        int most = 0;
        FoundPlace? nearest = null;
        foreach (SourceText source in sources.Value)
        {
            (int count, int end) = source.LongestBeginning(sought);
            if (count <= most || count < FewestAgreeing) continue;
            most = count;
            nearest = PlaceOf(source, end, end + 1);
        }

        if (nearest is null) return (null, null);

        // Up to the last whole word that agrees.
        int cut = positions[most - 1] + 1;
        if (cut < quotation.Length && char.IsLetterOrDigit(quotation[cut])) cut = quotation.LastIndexOf(' ', cut - 1);
        return cut <= 0 ? (null, null) : (quotation[..cut].Trim(), nearest);
    }

    [GeneratedRegex(@"[.!?]\s+\p{L}|\n\s*\n", RegexOptions.CultureInvariant)]
    private static partial Regex NewSentence();
}
