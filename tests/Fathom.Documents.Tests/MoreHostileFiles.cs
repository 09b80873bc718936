using System.Text;

namespace Fathom.Documents.Tests;

/// <summary>Hostile web pages, texts, data, OpenDocument files, archives and binaries, beside those of <see cref="HostileTests"/>.</summary>
internal static class MoreHostileFiles
{
    public static IEnumerable<(string Name, byte[] Content, SkipReason Reason)> All()
    {
        // Web pages
        yield return ("comments-only.html", Html("<!-- " + new string('x', 100_000) + " -->"), SkipReason.Empty);
        yield return ("attributes.html", Html("<p " + Repeat("a=\"" + new string('x', 90) + "\" ", 50_000) + "></p>"), SkipReason.Empty);
        yield return ("hidden.html", Html("<div hidden>secret</div><p style=\"display:none\">secret</p>"), SkipReason.Empty);
        yield return ("unclosed-script.html", Html("<script>" + Repeat("while(true);", 10_000)), SkipReason.Empty);
        yield return ("zero.html", [.. Html("<p>a"), 0, 0, 0, .. "</p>"u8], SkipReason.Binary);
        yield return ("charset-of-picture.html", [.. "<html><meta charset=\"utf-8\">"u8, .. Noise(9_000)], SkipReason.Binary);
        yield return ("frames.html", Html("<iframe src=\"file:///etc/passwd\"></iframe><object data=\"x\"></object>"), SkipReason.Empty);
        yield return ("blank.html", Html("&nbsp; &#8203; "), SkipReason.Empty);

        yield return ("entities.html", Html(Repeat("&#8203;&shy;", 100_000)), SkipReason.Empty);
        yield return ("scripts.html", Html(Repeat("<script>alert(1)</script><style>p{}</style>", 10_000)), SkipReason.Empty);

        // Markdown and text
        yield return ("mark-only.txt", [0xEF, 0xBB, 0xBF], SkipReason.Empty);
        yield return ("mark-only-16.txt", [0xFF, 0xFE], SkipReason.Empty);
        yield return ("zero-inside.md", [.. "# Title\n"u8, 0, .. "text"u8], SkipReason.Binary);
        yield return ("controls.txt", [.. Enumerable.Range(0, 5_000).Select(i => (byte)(i % 8 + 1))], SkipReason.Binary);
        yield return ("spaces.md", Files.Utf8(new string(' ', 1 << 20)), SkipReason.Empty);
        yield return ("lines.txt", Files.Utf8(new string('\n', 1 << 20)), SkipReason.Empty);

        // Data
        yield return ("blank.csv", "\r\n\r\n\t\r\n"u8.ToArray(), SkipReason.Empty);
        yield return ("zeros.csv", new byte[4_096], SkipReason.Binary);
        yield return ("noise.json", Noise(4_096), SkipReason.Binary);
        yield return ("picture.json", [0x89, (byte)'P', (byte)'N', (byte)'G', .. new byte[64]], SkipReason.Binary);
        yield return ("late-noise.csv", [.. Enumerable.Repeat((byte)'1', 10_000), .. Noise(10_000)], SkipReason.Binary);
        yield return ("packed.json", [0x28, 0xB5, 0x2F, 0xFD, .. Noise(64)], SkipReason.Unsupported);
        yield return ("packed.csv", [(byte)'B', (byte)'Z', (byte)'h', (byte)'9', .. Noise(64)], SkipReason.Unsupported);
        yield return ("empty.json", [], SkipReason.Empty);
        yield return ("database.csv", [.. "SQLite format 3\0"u8, .. new byte[64]], SkipReason.Binary);

        // OpenDocument
        byte[] odt = Files.OpenDocument("text", "<office:text><text:p>text</text:p></office:text>");
        yield return ("empty.odt", Files.OpenDocument("text", "<office:text/>"), SkipReason.Empty);
        yield return ("no-content.ods", Files.Zip(("mimetype", "application/vnd.oasis.opendocument.spreadsheet"u8.ToArray())), SkipReason.Damaged);
        yield return ("drawing.odg", Files.Zip(("mimetype", "application/vnd.oasis.opendocument.graphics"u8.ToArray())), SkipReason.Unsupported);
        yield return ("broken.odt", Files.OpenDocument("text", "<office:text><text:p>"), SkipReason.Damaged);
        yield return ("broken.odp", Files.OpenDocument("presentation", "</office:body>"), SkipReason.Damaged);
        yield return ("laughs.odt", OdfWith("<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]><x>&b;</x>"), SkipReason.Unsafe);
        yield return ("external.odt", OdfWith("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><x>&e;</x>"), SkipReason.Unsafe);
        yield return ("deep.odt", Files.OpenDocument("text", Repeat("<text:p>", 2_000)), SkipReason.Unsafe);
        yield return ("password.odt", Files.Zip(("mimetype", "application/vnd.oasis.opendocument.text"u8.ToArray()), ("content.xml", Noise(500)), ("META-INF/manifest.xml", "<m><file-entry><encryption-data/></file-entry></m>"u8.ToArray())), SkipReason.Encrypted);
        yield return ("cut.odt", odt[..(odt.Length / 2)], SkipReason.Damaged);
        yield return ("cut.ods", odt[..^20], SkipReason.Damaged);
        yield return ("bomb.ods", Files.Zip(("mimetype", "application/vnd.oasis.opendocument.spreadsheet"u8.ToArray()), ("content.xml", new byte[64 << 20])), SkipReason.Unsafe);

        // Archives
        yield return ("only-mark.zip", "PK\x03\x04"u8.ToArray(), SkipReason.Damaged);
        yield return ("absolute.zip", Files.Zip(("/etc/passwd", Files.Utf8("x"))), SkipReason.Unsafe);
        yield return ("windows.zip", Files.Zip(("C:\\evil.txt", Files.Utf8("x"))), SkipReason.Unsafe);
        yield return ("newline.zip", Files.Zip(("a\nb.txt", Files.Utf8("x"))), SkipReason.Unsafe);
        yield return ("long-name.zip", Files.Zip((new string('n', 2_000), Files.Utf8("x"))), SkipReason.Unsafe);

        // Pictures, programs and packed files
        yield return ("a.png", [0x89, (byte)'P', (byte)'N', (byte)'G', .. new byte[64]], SkipReason.Binary);
        yield return ("a.gif", [.. "GIF89a"u8, .. new byte[64]], SkipReason.Binary);
        yield return ("a.tiff", [(byte)'I', (byte)'I', 0x2A, 0, .. new byte[64]], SkipReason.Binary);
        yield return ("b.tiff", [(byte)'M', (byte)'M', 0, 0x2A, .. new byte[64]], SkipReason.Binary);
        yield return ("a.jpg", [0xFF, 0xD8, 0xFF, 0xE0, .. new byte[64]], SkipReason.Binary);
        yield return ("program", [0x7F, (byte)'E', (byte)'L', (byte)'F', .. new byte[64]], SkipReason.Binary);
        yield return ("a.db", [.. "SQLite format 3\0"u8, .. new byte[64]], SkipReason.Binary);
        yield return ("a.gguf", [.. "GGUF"u8, .. new byte[64]], SkipReason.Binary);
        yield return ("a.xz", [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', .. new byte[64]], SkipReason.Unsupported);
        yield return ("a.bin", Noise(2_000), SkipReason.Binary);
    }

    private static byte[] Html(string body) => Files.Utf8("<!DOCTYPE html><html><body>" + body);

    private static byte[] OdfWith(string content) => Files.Zip(("mimetype", "application/vnd.oasis.opendocument.text"u8.ToArray()), ("content.xml", Files.Utf8(content)));

    private static string Repeat(string text, int count) => new StringBuilder(text.Length * count).Insert(0, text, count).ToString();

    private static byte[] Noise(int count)
    {
        byte[] noise = new byte[count];
        new Random(4).NextBytes(noise);
        return noise;
    }
}
