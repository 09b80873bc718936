namespace Fathom.Documents;

/// <summary>A document that was read.</summary>
/// <param name="Path">How the document is called: a path with forward slashes; inside archives <c>archive.zip/inner.txt</c>.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Pieces">Its text in reading order.</param>
public sealed record SourceDocument(string Path, DocumentKind Kind, IReadOnlyList<SourcePiece> Pieces)
{
    /// <summary>Pages, sheets or slides, those without text included; 0 where a document has none.</summary>
    public int Pages { get; init; }

    /// <summary>Characters of all pieces.</summary>
    public long Characters => Pieces.Sum(piece => (long)piece.Text.Length);

    /// <summary>The place of some of its pieces.</summary>
    /// <param name="first">Index of the first piece.</param>
    /// <param name="last">Index of the last piece.</param>
    public SourcePlace PlaceOf(int first, int last)
    {
        SourcePiece from = Pieces[first];
        SourcePiece to = Pieces[last];
        return new SourcePlace(Path, Kind, from.Page, from.Line, to.Page, to.Line) { Part = from.Part };
    }
}
