using System.Text;

namespace Fathom.Documents.Prompting;

/// <summary>Writes passages as running text: no headers and no numbers, paragraphs apart, and lines joined that only a page's width broke.</summary>
internal static class PlainText
{
    /// <summary>Lines before and after one that say how wide its column is.</summary>
    private const int LinesAround = 30;

    /// <summary>Characters of a font differ in width, so lines of the same width differ in characters by up to this share.</summary>
    private const double Narrower = 0.85;

    /// <summary>Adds a passage to the text so far.</summary>
    public static void Append(StringBuilder text, Passage passage)
    {
        SourceDocument document = passage.Document;
        for (int i = passage.First; i <= passage.Last; i++)
        {
            SourcePiece piece = document.Pieces[i];
            if (text.Length > 0 && !piece.IsContinuation) text.Append(Between(document, i));
            text.Append(piece.Text);
        }
    }

    /// <summary>What stands between a piece and the one before it.</summary>
    private static string Between(SourceDocument document, int index)
    {
        // Between documents.
        if (index == 0) return "\n\n";
        SourcePiece piece = document.Pieces[index];
        SourcePiece before = document.Pieces[index - 1];
        if (IsMarked(piece.Text)) return IsMarked(before.Text) || document.Kind == DocumentKind.Pdf ? "\n" : "\n\n";
        if (document.Kind is DocumentKind.Code or DocumentKind.Data or DocumentKind.Spreadsheet or DocumentKind.Presentation) return "\n";
        if (document.Kind is DocumentKind.Word or DocumentKind.Html || !piece.IsBeside(before) && document.Kind != DocumentKind.Pdf) return "\n\n";
        if (piece.IsBeside(before) && piece.Line > before.Line + 1) return "\n\n";
        if (document.Kind == DocumentKind.Pdf) return EndsParagraph(document, index - 1, piece.Text) ? "\n\n" : " ";
        return document.Kind == DocumentKind.Markdown ? " " : "\n";
    }

    /// <summary>Whether a line of a page is the last of its paragraph: the next word had found room in it, by the longest line near it.</summary>
    private static bool EndsParagraph(SourceDocument document, int index, string next)
    {
        SourcePiece line = document.Pieces[index];
        int width = 0;
        for (int i = Math.Max(0, index - LinesAround); i < Math.Min(document.Pieces.Count, index + LinesAround); i++)
        {
            if (document.Pieces[i].IsBeside(line)) width = Math.Max(width, document.Pieces[i].Text.Length);
        }

        int word = next.AsSpan().TrimStart().IndexOf(' ') is >= 0 and int end ? end : next.Length;
        return line.Text.Length + 1 + word < width * Narrower;
    }

    /// <summary>Whether a line begins an entry, a heading or a row, which is never joined to the line before.</summary>
    private static bool IsMarked(string line)
    {
        ReadOnlySpan<char> text = line.AsSpan().TrimStart();
        return text.StartsWith("- ") || text.StartsWith("* ") || text.StartsWith("• ") || text.StartsWith("#") || text.StartsWith("|") || text.StartsWith("```");
    }
}
