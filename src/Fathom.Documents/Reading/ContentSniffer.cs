using System.Text;

namespace Fathom.Documents.Reading;

/// <summary>Tells from the first bytes what a file is; its name is not asked.</summary>
internal static class ContentSniffer
{
    /// <summary>Bytes that are enough to tell.</summary>
    public const int HeadBytes = 8 << 10;

    /// <summary>PDF readers look for the mark within this many bytes.</summary>
    private const int PdfMarkWithin = 1_024;

    private static readonly (byte[] Mark, string Name, string Advice)[] Unsupported =
    [
        ([0x1F, 0x8B], "a gzip archive", "unpack it first"),
        ([(byte)'7', (byte)'z', 0xBC, 0xAF, 0x27, 0x1C], "a 7z archive", "unpack it first, or pack it as ZIP"),
        ("Rar!"u8.ToArray(), "a RAR archive", "unpack it first, or pack it as ZIP"),
        ([0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z'], "an XZ archive", "unpack it first"),
        ([0x28, 0xB5, 0x2F, 0xFD], "a Zstandard archive", "unpack it first"),
        ("BZh"u8.ToArray(), "a bzip2 archive", "unpack it first"),
        ("{\\rtf"u8.ToArray(), "an RTF document", "save it as DOCX or PDF"),
    ];

    private static readonly (byte[] Mark, string Name)[] Binaries =
    [
        ([0x89, (byte)'P', (byte)'N', (byte)'G'], "a PNG picture"),
        ([0xFF, 0xD8, 0xFF], "a JPEG picture"),
        ("GIF8"u8.ToArray(), "a GIF picture"),
        ([(byte)'I', (byte)'I', 0x2A, 0], "a TIFF picture"),
        ([(byte)'M', (byte)'M', 0, 0x2A], "a TIFF picture"),
        ([0x7F, (byte)'E', (byte)'L', (byte)'F'], "a program"),
        ("SQLite format 3\0"u8.ToArray(), "a database"),
        ("GGUF"u8.ToArray(), "a model"),
    ];

    /// <summary>What a file with these first bytes is.</summary>
    /// <param name="head">The first bytes, <see cref="HeadBytes"/> of them if there are so many.</param>
    /// <param name="name">The file's name, for kinds of text.</param>
    /// <exception cref="SkipException">It is of a kind that is not read.</exception>
    public static ContentKind Tell(ReadOnlySpan<byte> head, string name)
    {
        int pdf = head[..Math.Min(head.Length, PdfMarkWithin)].IndexOf("%PDF-"u8);
        if (pdf >= 0 && (pdf == 0 || !TextDecoding.LooksLikeText(head[..pdf]) || head[..pdf].Trim(" \r\n\t"u8).IsEmpty || head[pdf..].Contains((byte)0))) return ContentKind.Pdf;
        if (head.StartsWith("PK\x03\x04"u8) || head.StartsWith("PK\x05\x06"u8) || head.StartsWith("PK\x07\x08"u8)) return ContentKind.Zip;
        if (head.StartsWith((ReadOnlySpan<byte>)[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1])) return ContentKind.Compound;
        foreach ((byte[] mark, string what, string advice) in Unsupported)
        {
            if (head.StartsWith(mark) && (mark.Length > 3 || !TextDecoding.LooksLikeText(head))) throw new SkipException(SkipReason.Unsupported, $"is {what}, which is not read; {advice}.");
        }

        foreach ((byte[] mark, string what) in Binaries)
        {
            if (head.StartsWith(mark)) throw new SkipException(SkipReason.Binary, what.EndsWith("picture", StringComparison.Ordinal) ? $"is {what}; only text is read, so run text recognition (OCR) first if it shows text." : $"is {what} and holds no text; leave it out.");
        }

        if (!TextDecoding.LooksLikeText(head)) throw new SkipException(SkipReason.Binary, "holds no text but binary data; leave it out, or save its text as a text file.");
        return IsHtml(head, name) ? ContentKind.Html : ContentKind.Text;
    }

    /// <summary>What an old compound file holds.</summary>
    public static SkipException OfCompound(ReadOnlySpan<byte> content) =>
        content.IndexOf(Encoding.Unicode.GetBytes("EncryptedPackage")) >= 0
            ? new SkipException(SkipReason.Encrypted, "is an Office file with a password; open it, save it without one, and try again.")
            : new SkipException(SkipReason.Unsupported, "is an Office file of the old kind (DOC, XLS, PPT or MSG), which is not read; save it as DOCX, XLSX, PPTX or PDF.");

    /// <summary>The kind of a text, by its name.</summary>
    public static DocumentKind KindOfText(string name) => Path.GetExtension(name).ToUpperInvariant() switch
    {
        ".MD" or ".MARKDOWN" or ".MDX" => DocumentKind.Markdown,
        ".CSV" or ".TSV" or ".JSON" or ".JSONL" or ".NDJSON" or ".XML" or ".YAML" or ".YML" or ".TOML" or ".INI" => DocumentKind.Data,
        ".TXT" or ".TEXT" or ".LOG" or ".RST" or ".ADOC" or ".TEX" or ".SRT" or ".EML" or "" => DocumentKind.Text,
        ".CS" or ".C" or ".H" or ".CPP" or ".HPP" or ".CC" or ".JAVA" or ".KT" or ".PY" or ".JS" or ".MJS" or ".TS" or ".TSX" or ".JSX" or ".GO" or ".RS" or ".RB" or ".PHP" or ".SWIFT" or ".SH" or ".PS1" or ".SQL" or ".CSS" or ".SCSS"
            or ".CSPROJ" or ".PROPS" or ".TARGETS" or ".SLN" or ".SLNX" or ".FS" or ".VB" or ".LUA" or ".R" or ".JL" or ".SCALA" or ".CU" or ".METAL" or ".BAT" or ".CMAKE" or ".GRADLE" => DocumentKind.Code,
        _ => DocumentKind.Text,
    };

    private static bool IsHtml(ReadOnlySpan<byte> head, string name)
    {
        string text = TextDecoding.DecodeHead(head).TrimStart('\ufeff', ' ', '\t', '\r', '\n');
        while (text.StartsWith("<!--", StringComparison.Ordinal) && text.IndexOf("-->", StringComparison.Ordinal) is > 0 and int end) text = text[(end + 3)..].TrimStart();
        if (text.StartsWith("<?xml", StringComparison.Ordinal) && text.IndexOf("?>", StringComparison.Ordinal) is > 0 and int over) text = text[(over + 2)..].TrimStart();
        if (text.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase) || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase)) return true;
        bool isNamedSo = Path.GetExtension(name).ToUpperInvariant() is ".HTML" or ".HTM" or ".XHTML";
        return isNamedSo && text.AsSpan().IndexOf('<') is >= 0 and int tag && tag + 1 < text.Length && (char.IsAsciiLetter(text[tag + 1]) || text[tag + 1] is '!' or '/');
    }
}
