using System.Text;
using System.Text.RegularExpressions;

namespace Fathom.Documents.Citations;

/// <summary>Words of a quotation that must stand together: all of it, or what is between two ellipses.</summary>
internal sealed partial class QuotedSegment
{
    private readonly string text;
    private readonly HashSet<int> anyCase = [];

    private QuotedSegment(string text, bool isFirstAnyCase)
    {
        // A letter in brackets was changed by the writer to begin a sentence: [T]he.
        var builder = new StringBuilder();
        for (int i = 0; i < text.Length; i++)
        {
            bool isBracketed = text[i] == '[' && i + 3 < text.Length && char.IsLetter(text[i + 1]) && text[i + 2] == ']' && char.IsLetter(text[i + 3]) && (i == 0 || !char.IsLetterOrDigit(text[i - 1]));
            if (isBracketed)
            {
                anyCase.Add(builder.Length);
                builder.Append(text[i + 1]);
                i += 2;
            }
            else
            {
                builder.Append(text[i]);
            }
        }

        this.text = builder.ToString();
        Letters = SourceText.Letters(this.text).Letters;
        while (Lead < this.text.Length && !char.IsLetterOrDigit(this.text[Lead])) Lead++;
        if (isFirstAnyCase) anyCase.Add(Lead);
        Words = this.text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length;
    }

    /// <summary>Only letters and digits, in small letters.</summary>
    public string Letters { get; }

    /// <summary>Characters before the first letter or digit.</summary>
    public int Lead { get; }

    public int Words { get; }

    /// <summary>The whole quotation as one segment; null if it has no letter and no digit.</summary>
    public static QuotedSegment? Whole(string quotation, bool isPlain)
    {
        string text = Trim(Normal(quotation, isPlain));
        var segment = new QuotedSegment(text, isFirstAnyCase: true);
        return segment.Letters.Length == 0 ? null : segment;
    }

    /// <summary>The segments between ellipses; fewer than two if there is no ellipsis inside.</summary>
    public static QuotedSegment[] Split(string quotation, bool isPlain) =>
        [.. Ellipsis().Split(Sic().Replace(Normal(quotation, isPlain), string.Empty)).Select(part => new QuotedSegment(Trim(part), isFirstAnyCase: true)).Where(segment => segment.Letters.Length > 0)];

    /// <summary>Whether an ellipsis or another mark of the writer's is in the quotation, so that it must be split.</summary>
    public static bool HasEllipsis(string quotation) => Ellipsis().IsMatch(Normal(quotation, isPlain: false)) || Sic().IsMatch(quotation);

    /// <summary>Where the segment ends if it stands at a place of a source; null if it does not.</summary>
    public int? MatchAt(string source, int start)
    {
        int s = start;
        int q = 0;
        while (q < text.Length)
        {
            char wanted = text[q];
            char found = s < source.Length ? source[s] : '\0';
            if (found == NormalText.LineHyphen)
            {
                s++;
                if (wanted is NormalText.LineHyphen) q++;
                else if (wanted == '-') q += q + 1 < text.Length && text[q + 1] == ' ' ? 2 : 1;
            }
            else if (wanted == NormalText.LineHyphen)
            {
                q++;
                if (found == '-') s++;
            }
            else if (found == NormalText.SoftSpace)
            {
                s++;
                if (wanted is ' ' or NormalText.SoftSpace) q++;
            }
            else if (wanted == NormalText.SoftSpace)
            {
                q++;
                if (found == ' ') s++;
            }
            else if (wanted == found || (anyCase.Contains(q) && char.ToUpperInvariant(wanted) == char.ToUpperInvariant(found)))
            {
                s++;
                q++;
            }
            else if (found == ' ' && (IsMark(source, s - 1) || IsMark(source, s + 1)))
            {
                // PDF files put spaces before and behind marks, "( const", that nobody would quote.
                s++;
            }
            else if (wanted == ' ' && (IsMark(text, q - 1) || IsMark(text, q + 1)))
            {
                q++;
            }
            else
            {
                return null;
            }
        }

        return IsWholeWords(source, start, s) ? s : null;
    }

    /// <summary>Whether no word and no number is cut at the ends: "art" is not in "party", "5" is neither in "1.5" nor in "-5".</summary>
    private bool IsWholeWords(string source, int start, int end)
    {
        char first = text[0];
        char last = text[^1];
        char before = start > 0 ? source[start - 1] : ' ';
        char earlier = start > 1 ? source[start - 2] : ' ';
        char after = end < source.Length ? source[end] : ' ';
        char later = end + 1 < source.Length ? source[end + 1] : ' ';
        if (char.IsLetterOrDigit(first) && IsInWord(before, first)) return false;
        if (char.IsLetterOrDigit(last) && IsInWord(after, last)) return false;
        if (char.IsDigit(first) && before is '.' or ',' && char.IsDigit(first) && char.IsDigit(earlier)) return false;
        if (char.IsDigit(first) && before == '-' && !char.IsLetterOrDigit(earlier) && earlier is not NormalText.SoftSpace) return false;
        return !(char.IsDigit(last) && after is '.' or ',' && char.IsDigit(later) && char.IsDigit(last));
    }

    private static bool IsMark(string text, int index) => index >= 0 && index < text.Length && !char.IsLetterOrDigit(text[index]) && text[index] is not (' ' or NormalText.LineHyphen);

    private static bool IsInWord(char neighbour, char own) =>
        (char.IsLetterOrDigit(neighbour) || neighbour == NormalText.LineHyphen) && !NormalText.IsUnspaced(neighbour) && !NormalText.IsUnspaced(own);

    private static string Normal(string quotation, bool isPlain)
    {
        var builder = new StringBuilder();
        NormalText.Append(builder, quotation.Trim(), isJoined: true, isPlain);
        return builder.ToString();
    }

    /// <summary>Without spaces at the ends and without the marks at the end that belong to the writer's own sentence.</summary>
    private static string Trim(string text) => text.Trim(' ', NormalText.SoftSpace, NormalText.LineHyphen).TrimEnd('.', ',', ';', ':', '!', '?', ' ', NormalText.SoftSpace);

    [GeneratedRegex(@"[\s\u0002]*[\[(]?[\s\u0002]*\.(?:[\s\u0002]?\.){2,}[\s\u0002]*[\])]?[\s\u0002]*", RegexOptions.CultureInvariant)]
    private static partial Regex Ellipsis();

    [GeneratedRegex(@"\s*[\[(]sic!?[\])]", RegexOptions.CultureInvariant)]
    private static partial Regex Sic();
}
