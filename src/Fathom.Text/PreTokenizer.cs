using System.Globalization;
using System.Text;

namespace Fathom.Text;

/// <summary>
/// Cuts text into the pieces that are merged on their own (chat specification, section 1.2): three splits in a row,
/// each of which sees only the pieces of the one before. Written as a scanner over code points, because .NET's
/// regular expressions see surrogates where the reference sees letters.
/// </summary>
public static class PreTokenizer
{
    [Flags]
    private enum Kind
    {
        Other = 0,
        Letter = 1,
        Mark = 2,
        Number = 4,
        Punctuation = 8,
        Symbol = 16,
        White = 32,
        LineBreak = 64,
    }

    // One byte for each character of the basic plane: the scanner asks for every character, often twice.
    private static readonly byte[] KindsOfBasicPlane = BuildKinds();

    /// <summary>Writes the end of each piece, ascending; the last one is the length of the text.</summary>
    /// <param name="text">Well-formed UTF-16.</param>
    /// <param name="ends">Receives the ends.</param>
    public static void Split(ReadOnlySpan<char> text, List<int> ends)
    {
        ArgumentNullException.ThrowIfNull(ends);

        // First split: digits, in groups of at most three. Second: runs of common Han and kana. What lies between
        // goes to the third.
        int start = 0, i = 0;
        while (i < text.Length)
        {
            Kind kind = KindAt(text, i, out int size);
            bool isNumber = (kind & Kind.Number) != 0, isHan = !isNumber && IsHanOrKana(text[i]);
            if (!isNumber && !isHan)
            {
                i += size;
                continue;
            }

            SplitRest(text, start, i, ends);
            if (isNumber)
            {
                for (int count = 1; count <= 3 && i < text.Length && (KindAt(text, i, out size) & Kind.Number) != 0; count++) i += size;
            }
            else
            {
                while (i < text.Length && IsHanOrKana(text[i])) i++;
            }

            ends.Add(i);
            start = i;
        }

        SplitRest(text, start, text.Length, ends);
    }

    // The third split over text[start..end]. Every alternative is tried in the order of the pattern; characters that
    // none takes form a piece up to the next match.
    private static void SplitRest(ReadOnlySpan<char> text, int start, int end, List<int> ends)
    {
        ReadOnlySpan<char> piece = text[..end];
        int i = start, gapStart = start;
        while (i < end)
        {
            int next = Match(piece, i);
            if (next > i)
            {
                if (i > gapStart) ends.Add(i);
                ends.Add(next);
                gapStart = i = next;
            }
            else
            {
                KindAt(piece, i, out int size);
                i += size;
            }
        }

        if (end > gapStart) ends.Add(end);
    }

    // The end of the match at position i, or i when nothing matches there.
    private static int Match(ReadOnlySpan<char> text, int i)
    {
        char c = text[i];
        Kind kind = KindAt(text, i, out int size);

        // 1: one ASCII punctuation mark and ASCII letters.
        if (c < 128 && (kind & (Kind.Punctuation | Kind.Symbol)) != 0 && i + 1 < text.Length && char.IsAsciiLetter(text[i + 1]))
            return SkipAsciiLetters(text, i + 1);

        // 2: letters and marks, after at most one character that is no line break, letter, punctuation or symbol.
        if ((kind & (Kind.LineBreak | Kind.Letter | Kind.Punctuation | Kind.Symbol)) == 0)
        {
            int afterLead = Skip(text, i + size, Kind.Letter | Kind.Mark);
            if (afterLead > i + size) return afterLead;
        }

        int letters = Skip(text, i, Kind.Letter | Kind.Mark);
        if (letters > i) return letters;

        // 3: punctuation and symbols after at most one blank, with the line breaks that follow.
        int first = c == ' ' ? i + 1 : i;
        int marks = Skip(text, first, Kind.Punctuation | Kind.Symbol);
        if (marks > first) return Skip(text, marks, Kind.LineBreak);

        if ((kind & Kind.White) == 0) return i;
        int white = Skip(text, i, Kind.White);

        // 4: white space up to its last line break.
        int lastBreak = text[i..white].LastIndexOfAny('\r', '\n');
        if (lastBreak >= 0) return i + lastBreak + 1;

        // 5: white space at the end of the piece, or all of it but the last character; 6: what remains.
        if (white == text.Length) return white;
        return white - 1 > i ? white - 1 : white;
    }

    private static int Skip(ReadOnlySpan<char> text, int i, Kind kinds)
    {
        while (i < text.Length && (KindAt(text, i, out int size) & kinds) != 0) i += size;
        return i;
    }

    private static int SkipAsciiLetters(ReadOnlySpan<char> text, int i)
    {
        while (i < text.Length && char.IsAsciiLetter(text[i])) i++;
        return i;
    }

    private static bool IsHanOrKana(char c) => c is (>= '\u4E00' and <= '\u9FA5') or (>= '\u3040' and <= '\u30FF');

    private static Kind KindAt(ReadOnlySpan<char> text, int i, out int size)
    {
        char c = text[i];
        if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
        {
            size = 2;
            return KindOf(Rune.GetUnicodeCategory(new Rune(c, text[i + 1])));
        }

        size = 1;
        return (Kind)KindsOfBasicPlane[c];
    }

    private static byte[] BuildKinds()
    {
        var kinds = new byte[65536];
        for (int c = 0; c < kinds.Length; c++)
        {
            Kind kind = KindOf(CharUnicodeInfo.GetUnicodeCategory((char)c));
            if (char.IsWhiteSpace((char)c)) kind |= Kind.White;
            if (c is '\r' or '\n') kind |= Kind.LineBreak;
            kinds[c] = (byte)kind;
        }

        return kinds;
    }

    private static Kind KindOf(UnicodeCategory category) => category switch
    {
        <= UnicodeCategory.OtherLetter => Kind.Letter,
        <= UnicodeCategory.EnclosingMark => Kind.Mark,
        <= UnicodeCategory.OtherNumber => Kind.Number,
        >= UnicodeCategory.ConnectorPunctuation and <= UnicodeCategory.OtherPunctuation => Kind.Punctuation,
        >= UnicodeCategory.MathSymbol and <= UnicodeCategory.OtherSymbol => Kind.Symbol,
        _ => Kind.Other,
    };
}
