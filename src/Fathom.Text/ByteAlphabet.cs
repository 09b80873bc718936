namespace Fathom.Text;

/// <summary>
/// The GPT-2 byte alphabet: vocabulary strings stand for bytes, with a printable character for each. Bytes 33..126,
/// 161..172 and 174..255 are the characters of the same code; the other 68, in rising order, are U+0100 and up.
/// </summary>
public static class ByteAlphabet
{
    private static readonly char[] ToChar = Build();
    private static readonly Dictionary<char, byte> ToByte = ToChar.Select((c, b) => (c, b)).ToDictionary(pair => pair.c, pair => (byte)pair.b);

    /// <summary>The character of a byte.</summary>
    public static char CharOf(byte value) => ToChar[value];

    /// <summary>The bytes of a vocabulary string, or null when a character is not in the alphabet.</summary>
    public static byte[]? BytesOf(string piece)
    {
        ArgumentNullException.ThrowIfNull(piece);
        var bytes = new byte[piece.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            if (!ToByte.TryGetValue(piece[i], out bytes[i])) return null;
        }

        return bytes;
    }

    private static char[] Build()
    {
        var map = new char[256];
        int next = 256;
        for (int b = 0; b < 256; b++)
        {
            bool isPrintable = b is (>= 33 and <= 126) or (>= 161 and <= 172) or (>= 174 and <= 255);
            map[b] = isPrintable ? (char)b : (char)next++;
        }

        return map;
    }
}
