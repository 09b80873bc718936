using System.Globalization;

namespace Fathom.Text.Grammars;

/// <summary>Reads the text of a pattern or grammar; what its two parsers have in common.</summary>
/// <param name="text">The text.</param>
/// <param name="place">How errors name it.</param>
internal sealed class PatternReader(string text, string place)
{
    // Deeper groups would only serve to exhaust the stack.
    private const int MostDepth = 200;

    private int depth;

    public int At { get; set; }

    public bool IsAtEnd => At >= text.Length;

    /// <summary>The next character; NUL at the end.</summary>
    public char Next => IsAtEnd ? '\0' : text[At];

    public bool Try(string expected)
    {
        if (string.CompareOrdinal(text, At, expected, 0, expected.Length) != 0) return false;
        At += expected.Length;
        return true;
    }

    public void Expect(string expected)
    {
        if (!Try(expected)) throw Error($"\"{expected}\" is missing");
    }

    /// <summary>Reads a whole character, of two UTF-16 units if need be.</summary>
    public int ReadCharacter()
    {
        if (IsAtEnd) throw Error("it ends too early");
        if (!System.Text.Rune.TryGetRuneAt(text, At, out System.Text.Rune rune)) throw Error("half a surrogate pair stands alone");
        At += rune.Utf16SequenceLength;
        return rune.Value;
    }

    public int ReadHex(int digits)
    {
        if (At + digits > text.Length || !int.TryParse(text.AsSpan(At, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value))
            throw Error($"{digits} hexadecimal digits are missing");
        At += digits;
        return value;
    }

    /// <summary>Reads the rest of a count such as <c>{2,5}</c> after the brace; null when it is none.</summary>
    public (int Least, int Most)? TryReadCounts(bool mayLackLeast)
    {
        int start = At;
        int? least = TryReadCount(), most = least;
        bool hasComma = Try(",");
        if (hasComma) most = TryReadCount() ?? RepeatForm.NoLimit;
        if ((least is null && !(mayLackLeast && hasComma)) || !Try("}"))
        {
            At = start;
            return null;
        }

        if (most < (least ?? 0)) throw Error($"a repetition from {least} to {most} is impossible");
        return (least ?? 0, most ?? 0);
    }

    public string ReadWhile(Func<char, bool> belongs)
    {
        int start = At;
        while (!IsAtEnd && belongs(text[At])) At++;
        return text[start..At];
    }

    public void Descend()
    {
        if (++depth > MostDepth) throw Error($"groups are nested more than {MostDepth} deep");
    }

    public void Ascend() => depth--;

    public GrammarException Error(string what) => new($"{place}, character {At + 1}: {what}.");

    private int? TryReadCount()
    {
        string digits = ReadWhile(char.IsAsciiDigit);
        if (digits.Length == 0) return null;
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count < RepeatForm.NoLimit
            ? count
            : throw Error($"{digits} repetitions are too many");
    }
}
