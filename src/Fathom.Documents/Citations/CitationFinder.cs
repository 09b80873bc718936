using System.Globalization;
using System.Text.RegularExpressions;

namespace Fathom.Documents.Citations;

/// <summary>Finds citations such as <c>[12]</c>, <c>[12-15]</c> and <c>[3, 7]</c>, outside of code and of Markdown links.</summary>
internal static partial class CitationFinder
{
    public static List<(string Text, int Start, (int First, int Last)[] Ranges, string[] Wrong)> Find(string answer, IReadOnlyList<FoundQuotation> quotations)
    {
        var found = new List<(string, int, (int, int)[], string[])>();
        foreach ((int start, int end, _) in QuotationFinder.Paragraphs(answer))
        {
            for (Match match = Citation().Match(answer, start, end - start); match.Success; match = match.NextMatch())
            {
                // A citation in backticks is one; what stands in a quotation of code is not.
                bool isCode = quotations.Any(quotation => quotation.Form == QuotationForm.Code && quotation.Start <= match.Index && match.Index < quotation.Start + quotation.Length);
                if (isCode) continue;
                var ranges = new List<(int, int)>();
                var wrong = new List<string>();
                foreach (Match one in Numbers().Matches(match.Value))
                {
                    bool isNumber = int.TryParse(one.Groups[1].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int first);
                    int last = first;
                    if (one.Groups[2].Success) isNumber &= int.TryParse(one.Groups[2].Value, NumberStyles.None, CultureInfo.InvariantCulture, out last);
                    if (isNumber && last >= first) ranges.Add((first, last));
                    else wrong.Add(one.Value);
                }

                found.Add((match.Value, match.Index, [.. ranges], [.. wrong]));
            }
        }

        return found;
    }

    /// <summary>Whether a text holds citations and nothing else: such as <c>[1]</c>, set in marks or backticks.</summary>
    public static bool IsNothingElse(string text) => !Citation().Replace(text, string.Empty).Any(char.IsLetterOrDigit);

    /// <summary>A text without the citations at its end.</summary>
    public static string WithoutEnd(string text) => AtEnd().Replace(text, string.Empty);

    [GeneratedRegex(@"\[\s*\d+(?:\s*[-\u2010-\u2015\u2212]\s*\d+)?(?:\s*[,;]\s*\d+(?:\s*[-\u2010-\u2015\u2212]\s*\d+)?)*\s*\](?!\()", RegexOptions.CultureInvariant)]
    private static partial Regex Citation();

    [GeneratedRegex(@"(\d+)(?:\s*[-\u2010-\u2015\u2212]\s*(\d+))?", RegexOptions.CultureInvariant)]
    private static partial Regex Numbers();

    [GeneratedRegex(@"(?:\s*[-\u2013\u2014(]?\s*\[[\d\s,;\u2010-\u2015-]+\][.)]?)+\s*$", RegexOptions.CultureInvariant)]
    private static partial Regex AtEnd();
}
