using Fathom.Documents.Reading;
using UglyToad.PdfPig;
using UglyToad.PdfPig.Content;
using UglyToad.PdfPig.Core;
using UglyToad.PdfPig.Exceptions;

namespace Fathom.Documents.Formats;

/// <summary>The text of a PDF file by pages and lines.</summary>
internal static class PdfText
{
    /// <summary>Deeper nesting is no document; PdfPig counts it so that the stack is safe.</summary>
    private const int DeepestObject = 256;

    private const int MostPages = 20_000;

    /// <param name="content">The file.</param>
    /// <param name="path">How it is called.</param>
    /// <param name="pieces">Where the text goes.</param>
    /// <param name="options">The limits.</param>
    /// <param name="notes">Gets what a user should know of a document that was read: pages without text, broken pages.</param>
    public static SourceDocument Read(byte[] content, string path, PieceList pieces, ReadOptions options, List<SkippedFile> notes)
    {
        try
        {
            var parsing = new ParsingOptions { UseLenientParsing = true, SkipMissingFonts = true, ClipPaths = false, MaxStackDepth = DeepestObject, FilterProvider = new LimitedFilters(options.MaxFileBytes * 2, pieces.Cancellation) };
            using PdfDocument document = PdfDocument.Open(content, parsing);
            int pages = document.NumberOfPages;
            if (pages > MostPages) throw new SkipException(SkipReason.TooLarge, $"has {pages:n0} pages, more than {MostPages:n0}; split it.");
            var blank = new List<int>();
            var broken = new List<int>();
            for (int number = 1; number <= pages; number++)
            {
                pieces.Cancellation.ThrowIfCancellationRequested();
                ReadPage(document, number, pieces, blank, broken);
            }

            if (pages == 0) throw new SkipException(SkipReason.Damaged, "is a PDF file without pages; open and save it again.");
            if (broken.Count == pages) throw new SkipException(SkipReason.Damaged, "is a PDF file none of whose pages can be read; open and print it to PDF again.");
            if (broken.Count > 0) notes.Add(new SkippedFile(path, SkipReason.Damaged, $"cannot be read on {Numbers(broken)}; the other pages were read. Open and print it to PDF again."));
            if (blank.Count > 0) notes.Add(new SkippedFile(path, SkipReason.NoText, $"holds no text on {Numbers(blank)} of {pages}; if they are scanned pictures, run text recognition (OCR) first."));
            return new SourceDocument(path, DocumentKind.Pdf, pieces.Pieces) { Pages = pages };
        }
        catch (PdfDocumentEncryptedException exception)
        {
            throw new SkipException(SkipReason.Encrypted, "is a PDF file with a password; open it, save it without one, and try again.", exception);
        }
        catch (Exception exception) when (exception is not (SkipException or OperationCanceledException or OutOfMemoryException))
        {
            // The library throws whatever its parsers stumble over.
            throw Cause(exception) ?? new SkipException(SkipReason.Damaged, $"is a broken PDF file ({Reasons.Of(exception)}); open and print it to PDF again.", exception);
        }
    }

    private static void ReadPage(PdfDocument document, int number, PieceList pieces, List<int> blank, List<int> broken)
    {
        string[] lines;
        try
        {
            Page page = document.GetPage(number);
            lines = PdfLines.Of(page.GetWords());
        }
        catch (Exception exception) when (exception is not (SkipException or OperationCanceledException or OutOfMemoryException or PdfDocumentStackDepthException))
        {
            if (Cause(exception) is { } cause) throw cause;
            broken.Add(number);
            return;
        }

        int before = pieces.Pieces.Count;
        for (int i = 0; i < lines.Length; i++) pieces.Add(lines[i], i + 1, number);
        if (pieces.Pieces.Count == before) blank.Add(number);
    }

    /// <summary>Our own limits come out of the library wrapped in its exceptions.</summary>
    private static Exception? Cause(Exception exception)
    {
        for (Exception? inner = exception; inner is not null; inner = inner.InnerException)
        {
            if (inner is SkipException or OperationCanceledException) return inner;
        }

        return null;
    }

    /// <summary>Page numbers in words, such as <c>pages 1-3, 7</c>.</summary>
    private static string Numbers(List<int> pages)
    {
        const int MostRanges = 12;
        var ranges = new List<string>();
        for (int i = 0; i < pages.Count;)
        {
            int first = i;
            while (i + 1 < pages.Count && pages[i + 1] == pages[i] + 1) i++;
            ranges.Add(first == i ? $"{pages[first]}" : $"{pages[first]}-{pages[i]}");
            i++;
        }

        string list = string.Join(", ", ranges.Take(MostRanges)) + (ranges.Count > MostRanges ? $" and {ranges.Count - MostRanges} more places" : string.Empty);
        return (pages.Count == 1 ? "page " : "pages ") + list;
    }
}
