using System.Text;

namespace Fathom.Documents.Prompting;

/// <summary>Writes passages as running text: no headers and no numbers, paragraphs apart, and lines joined that only a page's width broke.</summary>
internal static class PlainText
{
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
        if (index == 0) return "\n\n";
        SourcePiece piece = document.Pieces[index];
        SourcePiece before = document.Pieces[index - 1];
        if (IsMarked(piece.Text)) return IsMarked(before.Text) || document.Kind == DocumentKind.Pdf ? "\n" : "\n\n";
        if (document.Kind is DocumentKind.Code or DocumentKind.Data or DocumentKind.Spreadsheet or DocumentKind.Presentation) return "\n";
        if (document.Kind is DocumentKind.Word or DocumentKind.Html || !piece.IsBeside(before) && document.Kind != DocumentKind.Pdf) return "\n\n";
        return piece.IsBeside(before) && piece.Line > before.Line + 1 ? "\n\n" : document.Kind == DocumentKind.Pdf || document.Kind == DocumentKind.Markdown ? " " : "\n";
    }

    /// <summary>Whether a line begins an entry, a heading or a row, which is never joined to the line before.</summary>
    private static bool IsMarked(string line)
    {
        ReadOnlySpan<char> text = line.AsSpan().TrimStart();
        return text.StartsWith("- ") || text.StartsWith("* ") || text.StartsWith("• ") || text.StartsWith("#") || text.StartsWith("|") || text.StartsWith("```");
    }
}
