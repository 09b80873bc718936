using System.Text;

namespace Fathom.Documents.Citations;

/// <summary>
/// Text in the form in which quotations are compared: white space is one space, quotation marks and dashes are of one kind, ligatures
/// are letters. Two marks stand for what may or may not be there.
/// </summary>
internal static class NormalText
{
    /// <summary>A hyphen at the end of a line inside a word: may be nothing, a hyphen, or a hyphen and a space.</summary>
    public const char LineHyphen = '\u0001';

    /// <summary>A space or none: around dashes, and at line ends of writing without spaces.</summary>
    public const char SoftSpace = '\u0002';

    private static readonly string[] Ligatures = ["ff", "fi", "fl", "ffi", "ffl", "st", "st"];

    /// <summary>Adds a line to a text; the first call of a text begins with an empty builder.</summary>
    /// <param name="target">The text so far.</param>
    /// <param name="line">The next line, or a text with line breaks.</param>
    /// <param name="isJoined">Whether it goes on without a line break.</param>
    /// <param name="isPlain">Whether marks of emphasis and cells, <c>* ` |</c>, are left out.</param>
    public static void Append(StringBuilder target, string line, bool isJoined, bool isPlain)
    {
        if (target.Length > 0 && !isJoined) Break(target, FirstCharacter(line));
        string text = Composition.Of(line);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            switch (c)
            {
                case '\r' or '\n':
                    int next = i + 1;
                    while (next < text.Length && char.IsWhiteSpace(text[next])) next++;
                    if (target.Length > 0) Break(target, next < text.Length ? text[next] : '\0');
                    i = next - 1;
                    break;
                case '\u00ad' when NextVisible(text, i) is '\r' or '\n' or '\0':
                    // Becomes a hyphen inside a word when the line ends here, and nothing otherwise.
                    target.Append(LineHyphen);
                    break;
                case '\u00ad' or '\u200b' or '\u200c' or '\u200d' or '\u2060' or '\ufeff' or '\u200e' or '\u200f':
                    break;
                case '\u2026':
                    target.Append("...");
                    break;
                case >= '\ufb00' and <= '\ufb06':
                    target.Append(Ligatures[c - '\ufb00']);
                    break;
                case '\u2013' or '\u2014' or '\u2015':
                    Space(target, SoftSpace);
                    if (target.Length == 0 || target[^1] != '-') target.Append('-');
                    target.Append(SoftSpace);
                    break;
                case '-' or '\u2010' or '\u2011' or '\u2012' or '\u2212' or '\ufe58' or '\ufe63' or '\uff0d':
                    if (target.Length == 0 || target[^1] != '-') target.Append('-');
                    break;
                case '"' or '\'' or '\u2018' or '\u2019' or '\u201a' or '\u201b' or '\u201c' or '\u201d' or '\u201e' or '\u201f' or '\u2039' or '\u203a' or '\u00ab' or '\u00bb' or '\u2032' or '\u2033' or '\u00b4':
                    target.Append('\'');
                    break;
                case '*' or '`' or '|' when isPlain:
                    if (c == '|') Space(target, ' ');
                    break;
                default:
                    if (char.IsWhiteSpace(c)) Space(target, ' ');
                    else target.Append(c);
                    break;
            }
        }
    }

    /// <summary>Whether a character is of a writing without spaces between words.</summary>
    public static bool IsUnspaced(char c) => c is >= '\u2e80' and <= '\u9fff' or >= '\uf900' and <= '\ufaff' or >= '\uff00' and <= '\uffef' or >= '\u0e00' and <= '\u0eff';

    private static void Break(StringBuilder target, char next)
    {
        char last = target.Length > 0 ? target[^1] : '\0';
        if (last == ' ' && target.Length > 1) last = target[^2] == '-' ? '\0' : last;
        if (last == LineHyphen) return;
        if (last == '-' && target.Length > 1 && char.IsLetter(target[^2]) && char.IsLetter(next)) target[^1] = LineHyphen;
        else if (last == '-' && target.Length > 1 && char.IsDigit(target[^2]) && char.IsDigit(next)) target.Append(SoftSpace);
        else if (IsUnspaced(last) && IsUnspaced(next)) target.Append(SoftSpace);
        else Space(target, ' ');
    }

    private static void Space(StringBuilder target, char space)
    {
        if (target.Length == 0) return;
        if (target[^1] == SoftSpace) return;
        if (target[^1] != ' ') target.Append(space);
        else if (space == SoftSpace) target[^1] = SoftSpace;
    }

    private static char FirstCharacter(string line)
    {
        foreach (char c in line)
        {
            if (!char.IsWhiteSpace(c)) return c;
        }

        return '\0';
    }

    private static char NextVisible(string text, int index)
    {
        for (int i = index + 1; i < text.Length; i++)
        {
            if (text[i] is '\r' or '\n' || !char.IsWhiteSpace(text[i])) return text[i];
        }

        return '\0';
    }
}
