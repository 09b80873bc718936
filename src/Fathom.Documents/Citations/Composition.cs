using System.Text;

namespace Fathom.Documents.Citations;

/// <summary>
/// Letters with a mark behind them, as some PDF files write them, become one character. The runtime does the same only with the data
/// of a system library that Fathom does without, so the Latin letters stand here.
/// </summary>
internal static class Composition
{
    /// <summary>For each mark, pairs of a letter and the same letter with the mark.</summary>
    private static readonly (char Mark, string Pairs)[] Marks =
    [
        ('\u0300', "AÀEÈIÌOÒUÙaàeèiìoòuùNǸnǹ"),
        ('\u0301', "AÁCĆEÉIÍLĹNŃOÓRŔSŚUÚYÝZŹaácćeéiílĺnńoórŕsśuúyýzź"),
        ('\u0302', "AÂCĈEÊGĜHĤIÎJĴOÔSŜUÛWŴYŶaâcĉeêgĝhĥiîjĵoôsŝuûwŵyŷ"),
        ('\u0303', "AÃIĨNÑOÕUŨaãiĩnñoõuũ"),
        ('\u0304', "AĀEĒIĪOŌUŪaāeēiīoōuū"),
        ('\u0306', "AĂEĔGĞIĬOŎUŬaăeĕgğiĭoŏuŭ"),
        ('\u0307', "CĊEĖGĠIİZŻcċeėgġzż"),
        ('\u0308', "AÄEËIÏOÖUÜYŸaäeëiïoöuüyÿ"),
        ('\u030a', "AÅUŮaåuů"),
        ('\u030b', "OŐUŰoőuű"),
        ('\u030c', "CČDĎEĚNŇRŘSŠTŤZŽcčdďeěnňrřsštťzž"),
        ('\u0327', "CÇGĢKĶLĻNŅRŖSŞTŢcçgģkķlļnņrŗsştţ"),
        ('\u0328', "AĄEĘIĮUŲaąeęiįuų"),
    ];

    private static readonly Dictionary<(char Letter, char Mark), char> Composed = Marks
        .SelectMany(mark => Enumerable.Range(0, mark.Pairs.Length / 2).Select(pair => (Key: (mark.Pairs[pair * 2], mark.Mark), Value: mark.Pairs[(pair * 2) + 1])))
        .ToDictionary(entry => entry.Key, entry => entry.Value);

    /// <summary>The text with composed letters.</summary>
    public static string Of(string text)
    {
        if (text.AsSpan().IndexOfAnyInRange('\u0300', '\u036f') < 0) return text;
        var composed = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            if (composed.Length > 0 && Composed.TryGetValue((composed[^1], c), out char letter)) composed[^1] = letter;
            else composed.Append(c);
        }

        return composed.ToString();
    }
}
