using System.Text;
using UtfUnknown;

namespace Fathom.Documents.Reading;

/// <summary>Bytes to text: byte-order marks, UTF-8, UTF-16 without a mark, and a guess for the rest.</summary>
internal static class TextDecoding
{
    /// <summary>Bytes a guess is made from; more do not make it better.</summary>
    private const int GuessBytes = 256 << 10;

    /// <summary>A guess below this is no better than Windows-1252, which reads every byte.</summary>
    private const float LeastConfidence = 0.4f;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    static TextDecoding() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    /// <summary>The text of a file.</summary>
    /// <param name="content">The whole file.</param>
    /// <param name="declared">The name of an encoding that the file claims; taken when the bytes do not say otherwise.</param>
    /// <exception cref="SkipException">It is no text.</exception>
    public static string Decode(byte[] content, string? declared = null)
    {
        if (MarkOf(content) is { } marked) return marked.Encoding.GetString(content, marked.Length, content.Length - marked.Length);
        if (!LooksLikeText(content)) throw new SkipException(SkipReason.Binary, "holds no text but binary data; leave it out, or save its text as a text file.");
        if (WideEncodingOf(content) is { } wide) return wide.GetString(content);
        try
        {
            return Utf8.GetString(content);
        }
        catch (DecoderFallbackException)
        {
            return (Named(declared) ?? Guess(content)).GetString(content);
        }
    }

    /// <summary>The beginning of a file as text, good enough to look for markup.</summary>
    public static string DecodeHead(ReadOnlySpan<byte> head)
    {
        if (MarkOf(head) is { } marked) return marked.Encoding.GetString(head[marked.Length..]);
        return (WideEncodingOf(head) ?? Encoding.UTF8).GetString(head);
    }

    /// <summary>Whether bytes can be a text: no zeros unless they are UTF-16, and hardly any control characters.</summary>
    public static bool LooksLikeText(ReadOnlySpan<byte> content)
    {
        if (MarkOf(content) is { } marked && marked.Encoding is not UTF8Encoding) return true;
        if (WideEncodingOf(content) is not null) return true;
        int controls = 0;
        foreach (byte value in content)
        {
            if (value == 0) return false;
            if (value < 0x20 && value is not ((byte)'\t' or (byte)'\n' or (byte)'\r' or (byte)'\f' or 0x1B or 0x1A)) controls++;
        }

        // Compressed data have one control character in ten bytes; texts have none, but for a stray one.
        return controls * 100L <= content.Length;
    }

    private static (Encoding Encoding, int Length)? MarkOf(ReadOnlySpan<byte> content)
    {
        if (content.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF])) return (Encoding.UTF8, 3);
        if (content.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE, 0, 0])) return (Encoding.UTF32, 4);
        if (content.StartsWith((ReadOnlySpan<byte>)[0, 0, 0xFE, 0xFF])) return (new UTF32Encoding(bigEndian: true, byteOrderMark: true), 4);
        if (content.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE])) return (Encoding.Unicode, 2);
        if (content.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF])) return (Encoding.BigEndianUnicode, 2);
        return null;
    }

    /// <summary>UTF-16 without a mark: nearly every second byte of European text is zero, always on the same side, and the others are text.</summary>
    private static Encoding? WideEncodingOf(ReadOnlySpan<byte> content)
    {
        content = content[..Math.Min(content.Length, 4_096)];
        if (content.Length < 4) return null;
        int pairs = content.Length / 2;
        int even = 0;
        int odd = 0;
        int controls = 0;
        for (int i = 0; i < pairs * 2; i++)
        {
            if (content[i] == 0 && (i & 1) == 0) even++;
            else if (content[i] == 0) odd++;
            else if (content[i] < 0x20 && content[i] is not ((byte)'\t' or (byte)'\n' or (byte)'\r')) controls++;
        }

        if (controls * 50 > pairs) return null;
        if (odd * 10 > pairs * 4 && even * 50 < pairs) return Encoding.Unicode;
        return even * 10 > pairs * 4 && odd * 50 < pairs ? Encoding.BigEndianUnicode : null;
    }

    private static Encoding? Named(string? name)
    {
        if (string.IsNullOrWhiteSpace(name)) return null;
        try
        {
            Encoding encoding = Encoding.GetEncoding(name.Trim());

            // The bytes are not UTF-8, and old single-byte declarations mean the Windows page, as browsers take them.
            return encoding.CodePage is 65001 or 65000 ? null : encoding.CodePage is 28591 or 20127 ? Encoding.GetEncoding(1252) : encoding;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static Encoding Guess(byte[] content)
    {
        using var sample = new MemoryStream(content, 0, Math.Min(content.Length, GuessBytes), writable: false);
        DetectionDetail? best = CharsetDetector.DetectFromStream(sample).Detected;
        return best?.Encoding is { CodePage: not (20127 or 65001) } found && best.Confidence >= LeastConfidence ? found : Encoding.GetEncoding(1252);
    }
}
