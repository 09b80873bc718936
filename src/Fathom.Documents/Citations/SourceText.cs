using System.Text;

namespace Fathom.Documents.Citations;

/// <summary>One document in the form in which quotations are compared, with a second text of only letters and digits to find candidates fast.</summary>
internal sealed class SourceText
{
    private readonly string text;
    private readonly string letters;
    private readonly int[] positions;
    private readonly int[] starts;
    private readonly int[] pieces;

    /// <summary>Reads some pieces of a document.</summary>
    /// <param name="document">The document.</param>
    /// <param name="isTaken">Which pieces belong to the text.</param>
    public SourceText(SourceDocument document, Func<int, bool> isTaken)
    {
        Document = document;
        bool isPlain = document.Kind is DocumentKind.Markdown or DocumentKind.Word or DocumentKind.Spreadsheet or DocumentKind.Presentation or DocumentKind.Html;
        var builder = new StringBuilder();
        var begins = new List<int>();
        var kept = new List<int>();
        for (int i = 0; i < document.Pieces.Count; i++)
        {
            if (!isTaken(i)) continue;
            begins.Add(builder.Length);
            kept.Add(i);
            NormalText.Append(builder, document.Pieces[i].Text, document.Pieces[i].IsContinuation, isPlain);
        }

        text = builder.ToString();
        starts = [.. begins];
        pieces = [.. kept];
        (letters, positions) = Letters(text);
    }

    public SourceDocument Document { get; }

    /// <summary>Only letters and digits, in small letters, and where each stands.</summary>
    public static (string Letters, int[] Positions) Letters(string text)
    {
        var letters = new StringBuilder(text.Length);
        var positions = new List<int>(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsLetterOrDigit(text[i])) continue;
            letters.Append(char.ToLowerInvariant(text[i]));
            positions.Add(i);
        }

        return (letters.ToString(), [.. positions]);
    }

    /// <summary>The next place of a segment.</summary>
    /// <param name="segment">What is looked for.</param>
    /// <param name="from">Where to begin.</param>
    /// <returns>Begin and end in the text, or null.</returns>
    public (int Start, int End)? Find(QuotedSegment segment, int from)
    {
        int letter = Array.BinarySearch(positions, from);
        for (letter = letter < 0 ? ~letter : letter; (letter = letters.IndexOf(segment.Letters, letter, StringComparison.Ordinal)) >= 0; letter++)
        {
            // Before the first letter there may be a bracket or a sign in the quotation.
            int first = positions[letter];
            int earliest = Math.Max(from, segment.Lead == 0 ? first : first - segment.Lead - 2);
            for (int start = first; start >= earliest; start--)
            {
                if (segment.MatchAt(text, start) is { } end) return (start, end);
            }
        }

        return null;
    }

    /// <summary>How many of these letters stand together somewhere, from the first on, and where they end.</summary>
    public (int Count, int End) LongestBeginning(string sought)
    {
        int low = 0;
        int high = sought.Length;
        int end = 0;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            int found = letters.IndexOf(sought[..middle], StringComparison.Ordinal);
            if (found < 0)
            {
                high = middle - 1;
            }
            else
            {
                low = middle;
                end = positions[found + middle - 1];
            }
        }

        return (low, end);
    }

    /// <summary>The piece that a place of the text is in.</summary>
    public int PieceAt(int position)
    {
        int index = Array.BinarySearch(starts, position);
        if (index < 0) index = ~index - 1;

        // Pieces without a character of their own begin where the next one does.
        while (index + 1 < starts.Length && starts[index + 1] == starts[index]) index++;
        return pieces[Math.Max(index, 0)];
    }
}
