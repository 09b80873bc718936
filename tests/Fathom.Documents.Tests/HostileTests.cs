using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Compression;
using System.Text;

namespace Fathom.Documents.Tests;

/// <summary>Tests that measure memory and time run alone.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

/// <summary>Broken and hostile files: a clear sentence, bounded time and memory, and the rest is still read.</summary>
[Collection(nameof(Alone))]
public sealed class HostileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly DocumentReader reader = new(new ReadOptions { MaxFileTime = TimeSpan.FromSeconds(20) });

    public static TheoryData<string, SkipReason> Broken => new(Cases.Keys.Select(name => (name, Cases[name].Reason)));

    private static Dictionary<string, (byte[] Content, SkipReason Reason)> Cases { get; } = MakeCases();

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Broken))]
    public void Broken_files_are_skipped_with_a_sentence(string name, SkipReason reason)
    {
        long before = GC.GetTotalAllocatedBytes();
        var time = Stopwatch.StartNew();
        DocumentSet set = reader.Read(name, Cases[name].Content);
        Assert.Empty(set.Documents);
        SkippedFile skipped = Assert.Single(set.Skipped);
        TestContext.Current.TestOutputHelper?.WriteLine(skipped.ToString());
        Assert.Equal(reason, skipped.Reason);
        Assert.Equal(HostileSentences.Of(name), skipped.ToString());
        Assert.EndsWith(".", skipped.Message, StringComparison.Ordinal);
        Assert.True(skipped.Message.Length is > 20 and < 400, skipped.Message);
        Assert.DoesNotContain('\n', skipped.Message);
        Assert.Contains(";", skipped.Message, StringComparison.Ordinal);
        Assert.True(time.Elapsed < TimeSpan.FromSeconds(30));
        Assert.True(GC.GetTotalAllocatedBytes() - before < 2L << 30);
    }

    [Fact]
    public void The_rest_of_a_folder_is_still_read()
    {
        foreach ((string name, (byte[] content, _)) in Cases) File.WriteAllBytes(folder[name], content);
        File.WriteAllText(folder["sound.txt"], "sound");
        File.WriteAllBytes(folder["zzz.pdf"], Files.Pdf(["sound too"]));
        DocumentSet set = reader.Read([folder.Path]);
        Assert.Equal(2, set.Documents.Count);
        Assert.Equal(Cases.Count, set.Skipped.Count);
    }

    [Fact]
    public void Random_damage_never_throws()
    {
        var random = new Random(5);
        byte[][] sound = [Files.Pdf(["Some text here.", "And more."], ["Second page."]), Files.Docx(), Files.Xlsx(), Files.Pptx(["a"], ["b"]), Files.Zip(("a.txt", Files.Utf8("text")), ("b.pdf", Files.Pdf(["x"]))), Files.Utf8("<html><body><p>text</p></body></html>")];
        for (int i = 0; i < 600; i++)
        {
            byte[] content = [.. sound[i % sound.Length]];
            if (i % 4 == 3) content = content[..random.Next(1, content.Length)];
            else for (int k = 0; k <= random.Next(8); k++) content[random.Next(content.Length)] = (byte)random.Next(256);
            DocumentSet set = reader.Read($"random-{i}.pdf", content);
            Assert.True(set.Documents.Count + set.Skipped.Count > 0);
        }
    }

    [Fact]
    public void A_sparse_file_of_two_gigabytes_costs_nothing()
    {
        using (FileStream sparse = File.Create(folder["big.txt"]))
        {
            sparse.Write("Text at the beginning\n"u8);
            sparse.Write([.. Enumerable.Repeat((byte)'x', 10_000)]);
            sparse.SetLength(2L << 30);
        }

        using (FileStream zeros = File.Create(folder["zeros.txt"])) zeros.SetLength(2L << 30);
        long before = GC.GetAllocatedBytesForCurrentThread();
        DocumentSet set = reader.Read([folder.Path]);
        Assert.Equal([SkipReason.TooLarge, SkipReason.Binary], set.Skipped.Select(file => file.Reason));
        Assert.Contains("2,048 MiB", set.Skipped[0].Message, StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 4 << 20);
    }

    [Fact]
    public void Pipes_are_not_waited_for()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "No named pipes in folders.");
        using Process process = Process.Start("mkfifo", folder["pipe"]);
        process.WaitForExit();
        Assert.Equal(SkipReason.Empty, Assert.Single(reader.Read([folder.Path]).Skipped).Reason);
    }

    [Fact]
    public void Names_that_are_no_UTF8_are_told_and_the_rest_is_read()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has names of any bytes.");
        Shell("echo x > \"$(printf 'bad\\377.txt')\"; mkdir \"$(printf 'in\\376')\"; echo x > \"$(printf 'in\\376/a.txt')\"; echo x > good.txt");
        DocumentSet set = reader.Read([folder.Path]);
        Shell("rm -rf bad* in*"); // .NET cannot
        Assert.EndsWith("/good.txt", Assert.Single(set.Documents).Path, StringComparison.Ordinal);
        Assert.Equal(2, set.Skipped.Count);
        Assert.All(set.Skipped, file => Assert.Equal("has a name that is no UTF-8 text, so that it cannot be opened; rename it.", file.Message));

        void Shell(string line)
        {
            using Process process = Process.Start(new ProcessStartInfo("sh", ["-c", line]) { WorkingDirectory = folder.Path })!;
            process.WaitForExit();
        }
    }

    [Fact]
    public void Names_of_files_cannot_forge_headers()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "No control characters in names.");
        File.WriteAllText(folder["a.txt ===\n[9] forged"], "text");
        SourceDocument document = Assert.Single(reader.Read([folder.Path]).Documents);
        Assert.EndsWith("/a.txt ===?[9] forged", document.Path, StringComparison.Ordinal);
        Assert.DoesNotContain("\n[9]", new DocumentPrompt([document], text => text.Length).Text, StringComparison.Ordinal);
        Assert.DoesNotContain(Assert.Single(reader.Read([folder["a.txt ===\n[9] forged"]]).Documents).Path, char.IsControl);
    }

    [Theory]
    [InlineData("windows-1252", "utf-8", "Käse für Zoë")]
    [InlineData("utf-8", "windows-1251", "Käse für Zoë")]
    [InlineData("utf-8", "utf-16", "Käse für Zoë")]
    [InlineData("windows-1252", "no-such-encoding", "Käse für Zoë")]
    [InlineData("windows-1252", "us-ascii", "Käse für Zoë")]
    [InlineData("utf-16", "windows-1250", "Käse für Zoë")]
    public void A_page_that_declares_a_wrong_encoding_is_read_by_its_bytes(string real, string declared, string text)
    {
        System.Text.Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        Encoding encoding = Encoding.GetEncoding(real);
        byte[] page = [.. encoding.GetPreamble(), .. encoding.GetBytes($"<html><head><meta charset=\"{declared}\"></head><body><p>{text}, und noch ein Satz über Öl, Äpfel und Straßen, damit man raten kann.</p></body></html>")];
        Assert.StartsWith(text, Assert.Single(reader.Read("page.html", page).Documents).Pieces[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_in_another_alphabet_than_it_declares_still_comes_as_text()
    {
        // Bytes that are wrong in the declared encoding become U+FFFD; nothing is thrown, and what is right stays.
        byte[] page = [.. "<html><meta charset=\"shift_jis\"><body><p>plain words \u00FF"u8[..^2], 0x81, 0xFF, 0xFE, .. " and more</p>"u8];
        string read = Assert.Single(reader.Read("page.html", page).Documents).Pieces[0].Text;
        Assert.StartsWith("plain words ", read, StringComparison.Ordinal);
        Assert.EndsWith("and more", read, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_that_point_out_of_an_archive_are_refused()
    {
        string[] names = ["../evil.txt", "/etc/evil.txt", "a/../../evil.txt", "..\\evil.txt", "C:\\evil.txt", "\\\\host\\evil.txt", "a\u0001b.txt", "line\nbreak.txt", "x/..", new string('n', 2_000)];
        DocumentSet set = reader.Read("paths.zip", Files.Zip([.. names.Select(name => (name, Files.Utf8("evil"))), ("good.txt", Files.Utf8("good"))]));
        Assert.Equal(["paths.zip/good.txt"], set.Documents.Select(document => document.Path));
        Assert.Equal(names.Length, set.Skipped.Count(file => file.Reason == SkipReason.Unsafe));
        Assert.All(set.Skipped, file => Assert.DoesNotContain(file.Path, char.IsControl));
    }

    [Fact]
    public void Archives_nest_to_a_depth()
    {
        byte[] content = Files.Zip(("end.txt", Files.Utf8("end")));
        for (int i = 0; i < 5; i++) content = Files.Zip(("in.zip", content), ($"level{i}.txt", Files.Utf8("x")));
        DocumentSet set = reader.Read("nest.zip", content);
        Assert.Equal(["nest.zip/in.zip/in.zip/level2.txt", "nest.zip/in.zip/level3.txt", "nest.zip/level4.txt"], set.Documents.Select(document => document.Path));
        Assert.Equal("lies more than 3 archives deep; unpack the outer ones.", Assert.Single(set.Skipped).Message);
    }

    [Fact]
    public void Limits_are_reported_and_what_is_within_is_read()
    {
        for (int i = 0; i < 10; i++) File.WriteAllText(folder[$"{i}.txt"], new string((char)('a' + i), 100));
        DocumentSet files = new DocumentReader(new ReadOptions { MaxFiles = 4 }).Read([folder.Path]);
        Assert.Equal(4, files.Documents.Count);
        Assert.Contains("all files after it", Assert.Single(files.Skipped).Message, StringComparison.Ordinal);
        DocumentSet bytes = new DocumentReader(new ReadOptions { MaxTotalBytes = 350 }).Read([folder.Path]);
        Assert.Equal(3, bytes.Documents.Count);
        Assert.Equal(7, bytes.Skipped.Count);
        DocumentSet characters = new DocumentReader(new ReadOptions { MaxTotalCharacters = 250 }).Read([folder.Path]);
        Assert.Equal(2, characters.Documents.Count);
        Assert.All(characters.Skipped, file => Assert.Equal(SkipReason.TooLarge, file.Reason));
        DocumentSet one = new DocumentReader(new ReadOptions { MaxFileBytes = 99 }).Read([folder.Path]);
        Assert.Equal("has 100 bytes, more than the 99 bytes that one file may have; cut it, or raise the limit.", one.Skipped[0].Message);
    }

    [Fact]
    public void Folders_nest_to_a_depth()
    {
        string path = folder.Path;
        for (int i = 0; i < 90; i++) path = Path.Combine(path, "d");
        Directory.CreateDirectory(path);
        File.WriteAllText(Path.Combine(path, "deep.txt"), "x");
        Assert.Equal(SkipReason.TooLarge, Assert.Single(reader.Read([folder.Path]).Skipped).Reason);
    }

    [Fact]
    public void Deep_pages_and_documents_do_not_overflow()
    {
        string deep = string.Concat(Enumerable.Repeat("<div>", 20_000)) + "inside";
        Assert.Equal("inside", Assert.Single(reader.Read("deep.html", Files.Utf8("<html>" + deep)).Documents).Pieces[0].Text);
        DocumentSet json = reader.Read("deep.json", Files.Utf8(new string('[', 1_000_000)));
        Assert.Single(json.Documents);
    }

    [Theory]
    [InlineData("<div>", 200_000)]
    [InlineData("<table><tr><td>", 60_000)]
    public void Pages_that_nest_without_end_are_left(string tag, int count)
    {
        var hasty = new DocumentReader(new ReadOptions { MaxFileTime = TimeSpan.FromMilliseconds(200) });
        string page = "<html>" + new StringBuilder(tag.Length * count).Insert(0, tag, count) + "text";
        Assert.Equal("deep.html: was not read within 0.2 seconds; save it anew with another program, or raise the limit.", Assert.Single(hasty.Read("deep.html", Files.Utf8(page)).Skipped).ToString());
    }

    [Fact]
    public void Links_that_run_in_circles_devices_and_odd_names_are_told()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Such names and devices are not to be had.");
        Directory.CreateSymbolicLink(folder["loop"], folder.Path);
        File.CreateSymbolicLink(folder["self"], folder["self"]);
        File.CreateSymbolicLink(folder["gone"], folder["nowhere"]);
        File.WriteAllText(folder["two\nlines.txt"], "read");
        DocumentSet set = reader.Read([folder.Path, "/dev/zero", folder["nowhere"]]);
        Assert.Single(set.Documents);
        Assert.Equal(3, set.Skipped.Count(file => file.Message == "is a symbolic link, and links inside folders are not followed; name its target itself to read it."));
        Assert.Contains(set.Skipped, file => file.Message == "is empty, or no ordinary file; leave it out.");
        Assert.Contains(set.Skipped, file => file.Message == "does not exist; check the path.");
    }

    [Fact]
    public void Files_that_may_not_be_read_are_told()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() || Environment.UserName == "root", "Permissions of this kind do not bind here.");
        File.WriteAllText(folder["secret.txt"], "x");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder["secret.txt"], UnixFileMode.None);
        Assert.Equal("could not be opened (permission denied); check its permissions.", Assert.Single(reader.Read([folder.Path]).Skipped).Message);
    }

    [Fact]
    public void A_file_that_takes_too_long_is_left_and_the_next_one_read()
    {
        var hasty = new DocumentReader(new ReadOptions { MaxFileTime = TimeSpan.FromMilliseconds(100) });
        File.WriteAllBytes(folder["long.pdf"], Files.Pdf([.. Enumerable.Range(0, 800).Select(page => Enumerable.Range(0, 40).Select(line => $"Page {page}, line {line} of many").ToArray())]));
        File.WriteAllText(folder["next.txt"], "next");
        DocumentSet set = hasty.Read([folder.Path]);
        Assert.Single(set.Documents);
        SkippedFile slow = Assert.Single(set.Skipped);
        Assert.Equal(SkipReason.TooSlow, slow.Reason);
        Assert.Equal("was not read within 0.1 seconds; save it anew with another program, or raise the limit.", slow.Message);
    }

    [Fact]
    public void Reading_can_be_cancelled()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => reader.Read("a.txt", Files.Utf8("x"), cancelled.Token));
    }

    private static Dictionary<string, (byte[] Content, SkipReason Reason)> MakeCases()
    {
        byte[] pdf = Files.Pdf(["Some text"], ["More text"]);
        byte[] docx = Files.Docx();
        byte[] xlsx = Files.Xlsx();
        byte[] pptx = Files.Pptx(["a"]);
        byte[] zip = Files.Zip(("a.txt", Files.Utf8("text")));
        byte[] bomb = new byte[64 << 20];
        byte[] ole = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, .. new byte[1_000]];
        var cases = new Dictionary<string, (byte[], SkipReason)>
        {
            // PDF
            ["only-mark.pdf"] = ("%PDF-1.7\n"u8.ToArray(), SkipReason.Damaged),
            ["garbage.pdf"] = ([.. "%PDF-1.7\n"u8, .. Noise(20_000)], SkipReason.Damaged),
            ["encrypted.pdf"] = (RawPdf.Encrypted(), SkipReason.Encrypted),
            ["no-pages.pdf"] = (RawPdf.Of("<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [] /Count 0 >>"), SkipReason.Damaged),
            ["deep-array.pdf"] = (RawPdf.Of("<< /Type /Catalog /Pages 2 0 R /X " + new string('[', 100_000) + " >>", "<< /Type /Pages /Kids [] /Count 0 >>"), SkipReason.Damaged),
            ["deep-dictionary.pdf"] = (RawPdf.Of("<< /Type /Catalog /Pages 2 0 R /X " + string.Concat(Enumerable.Repeat("<< /A ", 50_000)) + " >>", "<< /Type /Pages /Kids [] /Count 0 >>"), SkipReason.Damaged),
            ["loop-of-pages.pdf"] = (RawPdf.Of("<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [2 0 R] /Count 1 >>"), SkipReason.Damaged),
            ["page-bomb.pdf"] = (PdfWithStream(Deflated(new byte[600 << 20])), SkipReason.Unsafe),
            ["cut-early.pdf"] = (pdf[..60], SkipReason.Damaged),
            ["scanned.pdf"] = (Files.Pdf([], []), SkipReason.NoText),

            // Word, Excel, PowerPoint
            ["cut.docx"] = (docx[..(docx.Length / 2)], SkipReason.Damaged),
            ["cut-end.docx"] = (docx[..^10], SkipReason.Damaged),
            ["password.docx"] = ([.. ole, .. Encoding.Unicode.GetBytes("EncryptedPackage"), .. new byte[100]], SkipReason.Encrypted),
            ["old.doc"] = ([.. ole, .. Encoding.Unicode.GetBytes("WordDocument")], SkipReason.Unsupported),
            ["bad-xml.docx"] = (Replaced(docx, "word/document.xml", "<w:document"u8.ToArray()), SkipReason.Damaged),
            ["external-entity.docx"] = (Replaced(docx, "word/document.xml", "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><x>&e;</x>"u8.ToArray()), SkipReason.Unsafe),
            ["laughs.docx"] = (Replaced(docx, "word/document.xml", "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]><x>&b;</x>"u8.ToArray()), SkipReason.Unsafe),
            ["deep.docx"] = (Replaced(docx, "word/document.xml", Files.Utf8(string.Concat(Enumerable.Repeat("<p>", 100_000)))), SkipReason.Unsafe),
            ["bomb.docx"] = (Replaced(docx, "word/document.xml", [.. "<x>"u8, .. bomb]), SkipReason.Unsafe),
            ["no-document.docx"] = (Files.Zip(("[Content_Types].xml", "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>"u8.ToArray()), ("word/x.xml", "<x/>"u8.ToArray())), SkipReason.Damaged),
            ["cut.xlsx"] = (xlsx[..(xlsx.Length / 3)], SkipReason.Damaged),
            ["bad-shared.xlsx"] = (Replaced(xlsx, "xl/sharedStrings.xml", "<sst/>"u8.ToArray()), SkipReason.Damaged),
            ["bad-sheet.xlsx"] = (Replaced(xlsx, "xl/worksheets/sheet1.xml", "<worksheet><row"u8.ToArray()), SkipReason.Damaged),
            ["bad-book.xlsx"] = (Replaced(xlsx, "xl/workbook.xml", "not xml"u8.ToArray()), SkipReason.Damaged),
            ["cut.pptx"] = (pptx[..(pptx.Length / 2)], SkipReason.Damaged),
            ["bad-slide.pptx"] = (Replaced(pptx, "ppt/slides/slide1.xml", "<sld"u8.ToArray()), SkipReason.Damaged),
            ["missing-slide.pptx"] = (Replaced(pptx, "ppt/slides/slide1.xml", null), SkipReason.Damaged),
            ["text.odt"] = (Files.Zip(("mimetype", "application/vnd.oasis.opendocument.text"u8.ToArray())), SkipReason.Damaged),

            // Archives
            ["bomb.zip"] = (Files.Zip(("zeros.txt", bomb)), SkipReason.Unsafe),
            ["overlap.zip"] = (Overlapping(), SkipReason.Unsafe),
            ["cut.zip"] = (zip[..(zip.Length - 30)], SkipReason.Damaged),
            ["no-table.zip"] = ([.. zip[..40], .. zip[^22..]], SkipReason.Damaged),
            ["many.zip"] = (ClaimsEntries(zip, 60_000), SkipReason.TooLarge),
            ["password.zip"] = (WithFlag(zip), SkipReason.Encrypted),
            ["damaged-data.zip"] = (DamagedData(Files.Zip(("a.txt", Files.Utf8(string.Join(' ', Enumerable.Range(0, 2_000)))))), SkipReason.Damaged),
            ["bomb-inside.zip"] = (Files.Zip(("inner.zip", Files.Zip(("zeros.txt", bomb)))), SkipReason.Unsafe),
            ["way-out.zip"] = (Files.Zip(("../a.txt", Files.Utf8("x"))), SkipReason.Unsafe),
            ["data.gz"] = ([0x1F, 0x8B, 8, 0, .. new byte[100]], SkipReason.Unsupported),
            ["data.7z"] = ([(byte)'7', (byte)'z', 0xBC, 0xAF, 0x27, 0x1C, .. new byte[100]], SkipReason.Unsupported),
            ["data.rar"] = ([.. "Rar!"u8, 0x1A, 7, 1, 0, .. new byte[100]], SkipReason.Unsupported),

            // Pages and texts
            ["empty.txt"] = ([], SkipReason.Empty),
            ["blank.txt"] = ("  \n \t \n"u8.ToArray(), SkipReason.Empty),
            ["zeros.txt"] = (new byte[1_000], SkipReason.Binary),
            ["noise.md"] = (Noise(5_000), SkipReason.Binary),
            ["picture.txt"] = ([0xFF, 0xD8, 0xFF, 0xE0, .. new byte[100]], SkipReason.Binary),
            ["program.csv"] = ([0x7F, (byte)'E', (byte)'L', (byte)'F', .. new byte[100]], SkipReason.Binary),
            ["late-zero.txt"] = ([.. Enumerable.Repeat((byte)'a', 20_000), 0, 0, 0], SkipReason.Binary),
            ["script-only.html"] = ("<html><script>while(true);</script><style>x</style></html>"u8.ToArray(), SkipReason.Empty),
            ["rich.rtf"] = ("{\\rtf1 text}"u8.ToArray(), SkipReason.Unsupported),
        };
        // Cut anywhere, an Office file says the same.
        foreach ((string kind, byte[] content) in ((string, byte[])[])[("docx", docx), ("xlsx", xlsx), ("pptx", pptx)])
        {
            for (int tenth = 1; tenth < 10; tenth++) cases[$"cut-{tenth}-of-10.{kind}"] = (content[..(content.Length * tenth / 10)], SkipReason.Damaged);
        }

        foreach ((string name, byte[] content, SkipReason reason) in MoreHostileFiles.All()) cases.Add(name, (content, reason));
        return cases;
    }

    private static byte[] Noise(int count)
    {
        byte[] noise = new byte[count];
        new Random(3).NextBytes(noise);
        return noise;
    }

    private static byte[] PdfWithStream(byte[] deflated) => RawPdf.Of(string.Empty,
    [
        "<< /Type /Catalog /Pages 2 0 R >>"u8.ToArray(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"u8.ToArray(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 4 0 R >>"u8.ToArray(),
        [.. Encoding.Latin1.GetBytes($"<< /Length {deflated.Length} /Filter /FlateDecode >>\nstream\n"), .. deflated, .. "\nendstream"u8],
    ]);

    private static byte[] Deflated(byte[] content)
    {
        using var stream = new MemoryStream();
        using (var deflate = new ZLibStream(stream, CompressionLevel.Optimal, leaveOpen: true)) deflate.Write(content);
        return stream.ToArray();
    }

    private static byte[] Replaced(byte[] package, string name, byte[]? content)
    {
        using var stream = new MemoryStream();
        stream.Write(package);
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Update, leaveOpen: true))
        {
            ZipArchiveEntry entry = archive.GetEntry(name)!;
            entry.Delete();
            if (content is not null)
            {
                using Stream target = archive.CreateEntry(name).Open();
                target.Write(content);
            }
        }

        return stream.ToArray();
    }

    /// <summary>A table of contents that names one entry's bytes twenty times.</summary>
    private static byte[] Overlapping()
    {
        byte[] zip = Files.Zip(("a.txt", Noise(50_000)));
        int table = zip.AsSpan().LastIndexOf("PK\x01\x02"u8);
        int end = zip.AsSpan().LastIndexOf("PK\x05\x06"u8);
        byte[] entry = zip[table..end];
        byte[] tail = zip[end..];
        BinaryPrimitives.WriteUInt16LittleEndian(tail.AsSpan(8), 20);
        BinaryPrimitives.WriteUInt16LittleEndian(tail.AsSpan(10), 20);
        BinaryPrimitives.WriteUInt32LittleEndian(tail.AsSpan(12), (uint)(entry.Length * 20));
        return [.. zip[..table], .. Enumerable.Repeat(entry, 20).SelectMany(bytes => bytes), .. tail];
    }

    /// <summary>An archive whose entry says that it has a password.</summary>
    private static byte[] WithFlag(byte[] zip)
    {
        byte[] content = [.. zip];
        content[6] |= 1;
        content[content.AsSpan().LastIndexOf("PK\x01\x02"u8) + 8] |= 1;
        return content;
    }

    private static byte[] DamagedData(byte[] zip)
    {
        byte[] content = [.. zip];
        for (int i = 60; i < 1_000; i++) content[i] = 0xFF;
        return content;
    }

    private static byte[] ClaimsEntries(byte[] zip, ushort count)
    {
        byte[] content = [.. zip];
        int end = content.AsSpan().LastIndexOf("PK\x05\x06"u8);
        BinaryPrimitives.WriteUInt16LittleEndian(content.AsSpan(end + 8), count);
        BinaryPrimitives.WriteUInt16LittleEndian(content.AsSpan(end + 10), count);
        return content;
    }
}
