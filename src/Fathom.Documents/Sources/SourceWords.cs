using System.Text;
using Fathom.Documents.Citations;

namespace Fathom.Documents.Sources;

/// <summary>Words in the form in which answers and documents are compared: small letters, without ends that change with number and person.</summary>
internal static class SourceWords
{
    /// <summary>Letters of a word that count; what comes behind is nearly always an ending.</summary>
    private const int LongestStem = 8;

    /// <summary>The normal form of a text, in which words are looked for.</summary>
    public static string Normal(string text)
    {
        var builder = new StringBuilder(text.Length);
        NormalText.Append(builder, text, isJoined: true, isPlain: true);
        return builder.ToString();
    }

    /// <summary>Goes to the next word.</summary>
    /// <param name="text">A text in normal form.</param>
    /// <param name="position">Where to look; afterwards the word's end.</param>
    /// <param name="start">Where the word begins.</param>
    /// <returns>False at the end.</returns>
    public static bool Next(ReadOnlySpan<char> text, ref int position, out int start)
    {
        while (position < text.Length && !char.IsLetterOrDigit(text[position])) position++;
        start = position;
        if (position == text.Length) return false;

        // Writing without spaces has words of one sign here.
        if (NormalText.IsUnspaced(text[position]))
        {
            position++;
            return true;
        }

        bool isNumber = char.IsDigit(text[position]);
        while (position < text.Length && IsInside(text, position, isNumber)) position++;
        return true;
    }

    /// <summary>The form of a word that is compared.</summary>
    /// <param name="word">The word.</param>
    /// <param name="stem">Room for the form, as long as the word at least.</param>
    /// <returns>Length of the form.</returns>
    public static int Stem(ReadOnlySpan<char> word, Span<char> stem)
    {
        int length = 0;
        bool hasDigit = false;
        foreach (char c in word)
        {
            if (c == NormalText.LineHyphen) continue;
            hasDigit |= char.IsDigit(c);
            stem[length++] = char.ToLowerInvariant(c);
        }

        // Numbers and codes count to the last digit.
        if (hasDigit || length <= 3) return length;
        if (stem[length - 1] == 's') length--;
        if (length > 4 && stem[(length - 2)..length] is "ed") length -= 2;
        else if (length > 3 && stem[length - 1] == 'e') length--;
        return Math.Min(length, LongestStem);
    }

    // Hyphens at line ends are inside words, separators inside numbers; writing without spaces ends a word.
    private static bool IsInside(ReadOnlySpan<char> text, int position, bool isNumber)
    {
        char c = text[position];
        if (char.IsLetterOrDigit(c)) return !NormalText.IsUnspaced(c);
        bool goesOn = position + 1 < text.Length && char.IsLetterOrDigit(text[position + 1]);
        return goesOn && (c == NormalText.LineHyphen || (isNumber && c is '.' or ',' && char.IsDigit(text[position + 1])));
    }
}
