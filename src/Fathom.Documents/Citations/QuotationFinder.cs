using System.Text;

namespace Fathom.Documents.Citations;

/// <summary>
/// Finds quotations in an answer: between quotation marks, between single backticks, and in Markdown's block quotations. Fenced code is
/// the answer's own and is passed over.
/// </summary>
internal static class QuotationFinder
{
    public static List<FoundQuotation> Find(string answer)
    {
        var found = new List<FoundQuotation>();
        foreach ((int start, int end, bool isBlock) in Paragraphs(answer))
        {
            if (isBlock) AddBlock(answer, start, end, found);
            else FindIn(answer, start, end, found);
        }

        return found;
    }

    /// <summary>Stretches without empty lines and fences; block quotations are stretches of their own.</summary>
    public static IEnumerable<(int Start, int End, bool IsBlock)> Paragraphs(string answer)
    {
        int start = -1;
        bool isBlock = false;
        string? fence = null;
        for (int line = 0, next; line < answer.Length; line = next)
        {
            int end = answer.IndexOf('\n', line);
            next = end < 0 ? answer.Length : end + 1;
            string text = answer[line..next].Trim();
            bool isFence = text.StartsWith("```", StringComparison.Ordinal) || text.StartsWith("~~~", StringComparison.Ordinal);
            bool isQuoted = text.StartsWith('>');
            if (start >= 0 && (text.Length == 0 || isFence || fence is not null || isQuoted != isBlock))
            {
                yield return (start, line, isBlock);
                start = -1;
            }

            if (isFence && fence is null)
            {
                fence = text[..3];
            }
            else if (fence is not null)
            {
                if (text.StartsWith(fence, StringComparison.Ordinal)) fence = null;
            }
            else if (text.Length > 0 && start < 0)
            {
                start = line;
                isBlock = isQuoted;
            }
        }

        if (start >= 0) yield return (start, answer.Length, isBlock);
    }

    private static void AddBlock(string answer, int start, int end, List<FoundQuotation> found)
    {
        var text = new StringBuilder();
        foreach (ReadOnlySpan<char> line in answer.AsSpan(start, end - start).EnumerateLines())
        {
            ReadOnlySpan<char> own = line.Trim().TrimStart('>').Trim();
            if (own.Length > 0) text.Append(text.Length > 0 ? "\n" : string.Empty).Append(own);
        }

        // A citation may stand in the block, after the words; so may marks around the words.
        string words = CitationFinder.WithoutEnd(text.ToString()).Trim();
        if (words.Length > 1 && ClosersOf(words[0]).Contains(words[^1])) words = words[1..^1];
        if (words.Length > 0) found.Add(new FoundQuotation(words, start, answer.AsSpan(start, end - start).TrimEnd().Length, QuotationForm.Block));
    }

    private static void FindIn(string answer, int start, int end, List<FoundQuotation> found)
    {
        for (int i = start; i < end; i++)
        {
            int close = -1;
            int marks = 1;
            QuotationForm form = QuotationForm.Marks;
            if (answer[i] == '`')
            {
                while (i + marks < end && answer[i + marks] == '`') marks++;
                form = QuotationForm.Code;
                close = answer.IndexOf(new string('`', marks), i + marks, end - i - marks, StringComparison.Ordinal);
                if (close < 0)
                {
                    i += marks - 1;
                    continue;
                }
            }
            else if (IsOpening(answer, i, start))
            {
                close = Closing(answer, i, end, ClosersOf(answer[i]));

                // Some writers end with a straight mark what they began with a curly one.
                if (close < 0 && answer[i] is '„' or '“' or '‟') close = Closing(answer, i, end, "\"");

                // A quotation that is never closed goes to the end of its paragraph; an apostrophe does not.
                if (close < 0 && answer[i] is not ('‘' or '‚')) close = end;
            }

            if (close < 0) continue;
            string text = answer[(i + marks)..close].Trim();
            int length = Math.Min(close + marks, end) - i;
            if (text.Any(char.IsLetterOrDigit) && !CitationFinder.IsNothingElse(text)) found.Add(new FoundQuotation(text, i, length, form));
            i += length - 1;
        }
    }

    private static bool IsOpening(string answer, int index, int start)
    {
        char before = index > start ? answer[index - 1] : ' ';
        char after = index + 1 < answer.Length ? answer[index + 1] : ' ';
        return answer[index] switch
        {
            '„' or '“' or '«' or '「' or '『' or '‟' => true,
            '»' or '”' => !char.IsWhiteSpace(after) && !char.IsPunctuation(after) && !char.IsLetterOrDigit(before),
            '‚' or '‹' => !char.IsWhiteSpace(after) && !char.IsLetterOrDigit(before),

            // Also an apostrophe; only the curly opening one begins a quotation.
            '‘' => char.IsLetterOrDigit(after) && !char.IsLetterOrDigit(before),
            '"' => !char.IsLetterOrDigit(before) && !char.IsWhiteSpace(after),
            _ => false,
        };
    }

    private static int Closing(string answer, int open, int end, string closers)
    {
        int nested = 0;
        for (int i = open + 1; i < end; i++)
        {
            char c = answer[i];
            char before = answer[i - 1];
            char after = i + 1 < end ? answer[i + 1] : ' ';
            if (c == answer[open] && !closers.Contains(c))
            {
                nested++;
            }
            else if (closers.Contains(c))
            {
                // Between a space and a letter it opens the next quotation.
                if (char.IsWhiteSpace(before) && char.IsLetterOrDigit(after)) continue;
                if (c == '"' && (char.IsLetterOrDigit(after) || (char.IsWhiteSpace(before) && !char.IsWhiteSpace(after)))) continue;
                if (c is '’' or '‘' && char.IsLetterOrDigit(after)) continue;
                if (nested-- == 0) return i;
            }
        }

        return -1;
    }

    private static string ClosersOf(char open) => open switch
    {
        '„' => "“”",
        '“' or '‟' => "”",
        '”' => "”",
        '«' => "»",
        '»' => "«",
        '‹' => "›",
        '‚' => "‘’",
        '‘' => "’",
        '「' => "」",
        '『' => "』",
        '"' => "\"”",
        _ => string.Empty,
    };
}
