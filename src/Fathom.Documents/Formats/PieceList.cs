using Fathom.Documents.Reading;

namespace Fathom.Documents.Formats;

/// <summary>Collects the pieces of a document: cleans lines, cuts very long ones, keeps to a limit.</summary>
internal sealed class PieceList(long maxCharacters, CancellationToken cancellation)
{
    /// <summary>A line longer than this comes in several pieces: citations and parts of a prompt need something to hold on to.</summary>
    private const int LongestPiece = 2_000;

    private readonly List<SourcePiece> pieces = [];
    private long characters;

    public IReadOnlyList<SourcePiece> Pieces => pieces;

    public CancellationToken Cancellation => cancellation;

    public void Add(ReadOnlySpan<char> line, int number, int? page = null, string? part = null)
    {
        cancellation.ThrowIfCancellationRequested();
        line = line.TrimEnd();
        if (line.IsWhiteSpace()) return;
        characters += line.Length;
        if (characters > maxCharacters) throw new SkipException(SkipReason.TooLarge, $"holds more than {maxCharacters:n0} characters of text, which is all that is left for documents; cut it, name fewer files, or raise the limit.");
        bool isContinuation = false;
        while (line.Length > LongestPiece)
        {
            int end = CutBefore(line);
            pieces.Add(new SourcePiece(Clean(line[..end]), number, page, part) { IsContinuation = isContinuation });
            line = line[end..];
            isContinuation = true;
        }

        pieces.Add(new SourcePiece(Clean(line), number, page, part) { IsContinuation = isContinuation });
    }

    /// <summary>Adds the lines of a text, numbered from 1, or from another number.</summary>
    /// <returns>The number after the last.</returns>
    public int AddLines(string text, int number = 1, int? page = null, string? part = null)
    {
        ReadOnlySpan<char> rest = text;
        while (!rest.IsEmpty)
        {
            int end = rest.IndexOfAny('\r', '\n');
            if (end < 0)
            {
                Add(rest, number++, page, part);
                break;
            }

            Add(rest[..end], number++, page, part);
            rest = rest[(end + (rest[end] == '\r' && end + 1 < rest.Length && rest[end + 1] == '\n' ? 2 : 1))..];
        }

        return number;
    }

    /// <summary>After a space if there is one in the last part, never inside a surrogate pair.</summary>
    private static int CutBefore(ReadOnlySpan<char> line)
    {
        int space = line[..LongestPiece].LastIndexOf(' ') + 1;
        if (space > LongestPiece / 2) return space;
        return char.IsHighSurrogate(line[LongestPiece - 1]) ? LongestPiece - 1 : LongestPiece;
    }

    /// <summary>Without control characters, which mean nothing in a prompt and can hide text on a terminal.</summary>
    private static string Clean(ReadOnlySpan<char> text)
    {
        bool isClean = true;
        foreach (char c in text) isClean &= c >= ' ' && c is not ('\u007f' or '\ufeff') || c == '\t';
        if (isClean) return text.ToString();
        return string.Create(text.Length, text, static (target, source) =>
        {
            for (int i = 0; i < source.Length; i++) target[i] = (source[i] < ' ' && source[i] != '\t') || source[i] is '\u007f' or '\ufeff' ? ' ' : source[i];
        });
    }
}
