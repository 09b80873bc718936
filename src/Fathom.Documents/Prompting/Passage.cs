using System.Text;

namespace Fathom.Documents;

/// <summary>Some pieces of a document under one number, which answers cite as <c>[12]</c>.</summary>
/// <param name="Number">The number, of which there is one in all documents.</param>
/// <param name="Document">The document.</param>
/// <param name="First">Index of the first piece.</param>
/// <param name="Last">Index of the last piece.</param>
public sealed record Passage(int Number, SourceDocument Document, int First, int Last)
{
    /// <summary>Where the passage stands.</summary>
    public SourcePlace Place => Document.PlaceOf(First, Last);

    /// <summary>The text, line by line. Lines that look like numbers or headers of a prompt begin with a space, so that no document can forge them.</summary>
    public string Text
    {
        get
        {
            var text = new StringBuilder();
            for (int i = First; i <= Last; i++)
            {
                SourcePiece piece = Document.Pieces[i];
                if (i > First && !piece.IsContinuation) text.Append('\n');
                if (i > First && !piece.IsContinuation && LooksLikeOurs(piece.Text)) text.Append(' ');
                text.Append(piece.Text);
            }

            return text.ToString();
        }
    }

    private static bool LooksLikeOurs(string line) =>
        (line.Length > 1 && line[0] == '[' && char.IsAsciiDigit(line[1])) || line.StartsWith("===", StringComparison.Ordinal) || line.StartsWith("---", StringComparison.Ordinal);
}
