using System.Text;

namespace Fathom.Documents.Citations;

/// <summary>Finds the running heads, feet and page numbers of PDF files, which stand between the words of a sentence that goes on over a page's end.</summary>
internal static class PageEdges
{
    /// <summary>A line is a running one if it stands at the edge of this many pages.</summary>
    private const int FewestPages = 3;

    /// <summary>The text of a document; and, if it has pages, the text without their running lines and without what goes on at their edges.</summary>
    public static IEnumerable<SourceText> TextsOf(SourceDocument document)
    {
        yield return new SourceText(document, _ => true);
        if (document.Kind != DocumentKind.Pdf) yield break;
        HashSet<int> running = Running(document);
        if (running.Count > 0) yield return new SourceText(document, index => !running.Contains(index));
    }

    private static HashSet<int> Running(SourceDocument document)
    {
        var edges = new List<(int Piece, string Pattern)>();
        for (int start = 0, end; start < document.Pieces.Count; start = end)
        {
            end = start + 1;
            while (end < document.Pieces.Count && document.Pieces[end].IsBeside(document.Pieces[start])) end++;
            for (int i = start; i < end; i++)
            {
                if (i < start + 2 || i >= end - 2) edges.Add((i, Pattern(document.Pieces[i].Text)));
            }
        }

        HashSet<string> often = [.. edges.GroupBy(edge => edge.Pattern).Where(group => group.Select(edge => document.Pieces[edge.Piece].Page).Distinct().Count() >= FewestPages).Select(group => group.Key)];
        return [.. edges.Where(edge => often.Contains(edge.Pattern)).Select(edge => edge.Piece)];
    }

    /// <summary>The line with every number as one sign.</summary>
    private static string Pattern(string line)
    {
        var text = new StringBuilder();
        foreach (char c in line)
        {
            if (!char.IsAsciiDigit(c)) text.Append(c);
            else if (text.Length == 0 || text[^1] != '#') text.Append('#');
        }

        return text.ToString();
    }
}
