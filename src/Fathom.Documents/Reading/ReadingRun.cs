using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using Fathom.Documents.Formats;

namespace Fathom.Documents.Reading;

/// <summary>One call of the reader: the budget and what was found so far.</summary>
internal sealed partial class ReadingRun(ReadOptions options, IProgress<ReadProgress>? progress, CancellationToken cancellation)
{
    private readonly ReadBudget budget = new(options);
    private readonly List<SourceDocument> documents = [];
    private readonly List<SkippedFile> skipped = [];
    private bool isFullSaid;

    public DocumentSet Result => new(documents, skipped);

    public void ReadPath(string path, string shown, HashSet<string> seen)
    {
        if (Directory.Exists(path))
        {
            string folder = Path.GetFullPath(path);
            string before = path is "." or "./" ? string.Empty : shown;
            foreach ((string full, string name) in new FolderWalker(budget, skipped, cancellation).Files(folder, before))
            {
                if (!seen.Add(full)) continue;
                if (!Next(name)) break;
                Guarded(name, () => ReadFile(full, name));
            }
        }
        else if (File.Exists(path))
        {
            if (Next(shown)) Guarded(shown, () => ReadFile(path, shown));
        }
        else
        {
            skipped.Add(new SkippedFile(path, SkipReason.NotFound, "does not exist; check the path."));
        }
    }

    public void ReadBytes(string name, byte[] content) => Guarded(name, () =>
    {
        budget.TakeBytes(content.Length);
        ReadContent(name, content, 0);
    });

    /// <summary>Counts a file; the first one over the limit is reported, with what it means for the others.</summary>
    private bool Next(string name)
    {
        cancellation.ThrowIfCancellationRequested();
        progress?.Report(new ReadProgress(name, documents.Count, budget.Characters));
        if (budget.TakeFile()) return true;
        if (!isFullSaid) skipped.Add(new SkippedFile(name, SkipReason.TooLarge, $"and all files after it were not read, because they are more than {options.MaxFiles:n0}; name fewer, or raise the limit."));
        isFullSaid = true;
        return false;
    }

    private void Guarded(string name, Action read)
    {
        try
        {
            read();
        }
        catch (SkipException exception)
        {
            skipped.Add(new SkippedFile(name, exception.Reason, exception.Message));
        }
        catch (FileNotFoundException exception)
        {
            skipped.Add(EntryNames.WhyNotFound(name, exception) is { } why
                ? new SkippedFile(name, SkipReason.Unreadable, why)
                : new SkippedFile(name, SkipReason.NotFound, "went away while it was to be read; check the path."));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            skipped.Add(new SkippedFile(name, SkipReason.Unreadable, $"could not be opened ({Reasons.Of(exception)}); check its permissions."));
        }
        catch (OutOfMemoryException)
        {
            skipped.Add(new SkippedFile(name, SkipReason.TooLarge, "needs more memory than there is; cut it, or read it alone."));
        }
    }

    private void ReadFile(string path, string shown)
    {
        var info = new FileInfo(path);
        if (info.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target) info = target;

        // Pipes and devices have no length either, and opening them could wait for ever.
        if (info.Length == 0) throw new SkipException(SkipReason.Empty, "is empty, or no ordinary file; leave it out.");
        byte[] content;
        using (var stream = new FileStream(info.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0))
        {
            long length = stream.Length;
            byte[] head = new byte[(int)Math.Min(length, ContentSniffer.HeadBytes)];
            stream.ReadExactly(head);
            if (ContentSniffer.Tell(head, shown) == ContentKind.Compound && length > options.MaxFileBytes) throw ContentSniffer.OfCompound(head);
            budget.TakeBytes(length);
            content = new byte[length];
            head.CopyTo(content, 0);
            stream.ReadExactly(content, head.Length, content.Length - head.Length);
        }

        ReadContent(shown, content, 0);
    }

    /// <summary>Reads bytes of any kind.</summary>
    /// <param name="name">How the document is called.</param>
    /// <param name="content">The whole file.</param>
    /// <param name="depth">Archives it lies in.</param>
    private void ReadContent(string name, byte[] content, int depth)
    {
        if (content.Length == 0) throw new SkipException(SkipReason.Empty, "is empty; leave it out.");
        ContentKind kind = ContentSniffer.Tell(content.AsSpan(0, Math.Min(content.Length, ContentSniffer.HeadBytes)), name);
        if (kind == ContentKind.Compound) throw ContentSniffer.OfCompound(content);
        if (kind == ContentKind.Zip)
        {
            using ZipArchive archive = TimeLimit.Run(_ => ZipFiles.Open(content, options), options.MaxFileTime, cancellation);
            if (OpenDocumentKind(archive) is { } open) Add(name, pieces => OpenDocumentText.Read(archive, open, name, pieces, options));
            else if (OfficeKind(archive) is { } office) Add(name, pieces => OfficeFile.Read(content, office, name, pieces));
            else ReadArchive(name, archive, depth + 1);
            return;
        }

        var notes = new List<SkippedFile>();
        Add(name, pieces => kind switch
        {
            ContentKind.Pdf => PdfText.Read(content, name, pieces, options, notes),
            ContentKind.Html => ReadHtml(name, content, pieces),
            _ => ReadText(name, content, pieces),
        });
        skipped.AddRange(notes);
    }

    private void Add(string name, Func<PieceList, SourceDocument> read)
    {
        long left = options.MaxTotalCharacters - budget.Characters;
        SourceDocument document = TimeLimit.Run(token => read(new PieceList(left, token)), options.MaxFileTime, cancellation);
        if (document.Pieces.Count == 0)
        {
            throw document.Kind == DocumentKind.Pdf
                ? new SkipException(SkipReason.NoText, $"holds no text on any of its {document.Pages} pages; they are most likely scanned pictures, so run text recognition (OCR) first.")
                : new SkipException(SkipReason.Empty, "holds no text; leave it out.");
        }

        budget.TakeCharacters(document.Characters);
        documents.Add(document);
    }

    private static SourceDocument ReadText(string name, byte[] content, PieceList pieces)
    {
        pieces.AddLines(TextDecoding.Decode(content));
        return new SourceDocument(name, ContentSniffer.KindOfText(name), pieces.Pieces);
    }

    private static SourceDocument ReadHtml(string name, byte[] content, PieceList pieces)
    {
        string head = Encoding.Latin1.GetString(content, 0, Math.Min(content.Length, 4_096));
        HtmlText.Read(TextDecoding.Decode(content, DeclaredCharset().Match(head) is { Success: true } match ? match.Groups[1].Value : null), pieces);
        return new SourceDocument(name, DocumentKind.Html, pieces.Pieces);
    }

    private static DocumentKind? OpenDocumentKind(ZipArchive archive)
    {
        const int LongestType = 100;
        return archive.GetEntry("mimetype") is { Length: < LongestType } type ? OpenDocumentText.KindOf(Encoding.ASCII.GetString(ZipFiles.Unpack(type, LongestType))) : null;
    }

    private static DocumentKind? OfficeKind(ZipArchive archive)
    {
        bool isPackage = false;
        DocumentKind? kind = null;
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            isPackage |= entry.FullName == "[Content_Types].xml";
            kind ??= entry.FullName.StartsWith("word/", StringComparison.OrdinalIgnoreCase) ? DocumentKind.Word
                : entry.FullName.StartsWith("xl/", StringComparison.OrdinalIgnoreCase) ? DocumentKind.Spreadsheet
                : entry.FullName.StartsWith("ppt/", StringComparison.OrdinalIgnoreCase) ? DocumentKind.Presentation : null;
        }

        return isPackage ? kind : null;
    }

    private void ReadArchive(string name, ZipArchive archive, int depth)
    {
        if (depth > options.MaxArchiveDepth) throw new SkipException(SkipReason.TooLarge, $"lies more than {options.MaxArchiveDepth} archives deep; unpack the outer ones.");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var vendored = new HashSet<string>(StringComparer.Ordinal);
        foreach (ZipArchiveEntry entry in archive.Entries.OrderBy(entry => entry.FullName, StringComparer.Ordinal))
        {
            string inner = entry.FullName;
            if (inner.EndsWith('/') && entry.Length == 0 && EntryNames.Problem(inner) is null) continue;
            string shown = $"{name}/{EntryNames.Shown(inner)}";
            if (!Next(shown)) break;
            if (EntryNames.Problem(inner) is { } problem) skipped.Add(new SkippedFile(shown, SkipReason.Unsafe, problem));
            else if (!seen.Add(inner)) skipped.Add(new SkippedFile(shown, SkipReason.Unsafe, "stands twice in its archive; only the first was read."));
            else if (VendoredFolder(inner) is { } folder) Vendored($"{name}/{folder}", vendored);
            else Guarded(shown, () => ReadEntry(shown, entry, depth));
        }
    }

    private void ReadEntry(string shown, ZipArchiveEntry entry, int depth)
    {
        const int SymbolicLink = 0xA;
        if (((uint)entry.ExternalAttributes >> 28) == SymbolicLink) throw new SkipException(SkipReason.Link, "is a symbolic link, and links in archives are not followed; name its target itself to read it.");
        if (entry.Length == 0) throw new SkipException(SkipReason.Empty, "is empty; leave it out.");
        budget.TakeBytes(entry.Length);
        ReadContent(shown, ZipFiles.Unpack(entry, entry.Length), depth);
    }

    private string? VendoredFolder(string name)
    {
        if (!options.SkipVendored) return null;
        for (int start = 0, slash; (slash = name.IndexOf('/', start)) >= 0; start = slash + 1)
        {
            if (FolderWalker.IsVendored(name.AsSpan(start, slash - start))) return name[..slash];
        }

        return null;
    }

    private void Vendored(string folder, HashSet<string> said)
    {
        if (said.Add(folder)) skipped.Add(new SkippedFile(folder, SkipReason.Vendored, "is a folder of foreign or generated files; unpack the archive and name it itself to read it."));
    }

    [GeneratedRegex("""charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})""", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex DeclaredCharset();
}
