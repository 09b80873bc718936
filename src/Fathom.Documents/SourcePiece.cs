namespace Fathom.Documents;

/// <summary>
/// The smallest part of a document that has a place: a line, a paragraph of a Word document, a row of a sheet. Very long lines
/// come as several pieces of the same number. Empty lines are no pieces, but they count.
/// </summary>
/// <param name="Text">The text, without a line end.</param>
/// <param name="Line">The number of the line, paragraph or row on its page, from 1.</param>
/// <param name="Page">The number of the page, sheet or slide, from 1; null where a document has none.</param>
/// <param name="Part">The name of the sheet or of a special part, such as the footnotes; null for the text itself.</param>
public sealed record SourcePiece(string Text, int Line, int? Page = null, string? Part = null)
{
    /// <summary>Whether the piece goes on in the line of the piece before it, without a break between.</summary>
    public bool IsContinuation { get; init; }

    /// <summary>Whether the piece is on the same page and in the same part as another one.</summary>
    public bool IsBeside(SourcePiece other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Page == other.Page && Part == other.Part;
    }
}
