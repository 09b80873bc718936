using System.IO.Compression;
using System.Text;
using System.Xml;
using Fathom.Documents.Reading;

namespace Fathom.Documents.Formats;

/// <summary>
/// The text of OpenDocument files. Texts: paragraphs with their number, headings with <c>#</c>, entries with <c>-</c>, rows of tables with
/// <c> | </c> between cells. Workbooks: a page for each sheet, a line for each row. Presentations: a page for each slide, then its notes.
/// Text that tracked changes deleted is left out.
/// </summary>
internal static class OpenDocumentText
{
    /// <summary>More equal rows or cells than this are never written out; programs repeat empty ones up to the end of a sheet.</summary>
    private const int MostRepeats = 1_000;

    /// <summary>A gap of more empty cells is drawn as this many.</summary>
    private const int MostEmpty = 16;

    /// <summary>Rows of the largest sheets.</summary>
    private const int MostRows = 1 << 20;

    private const string Advice = "open and save it again.";

    /// <summary>The kind of a package by its <c>mimetype</c>, or null when it is no OpenDocument file.</summary>
    public static DocumentKind? KindOf(string mimeType) => mimeType.Trim() switch
    {
        "application/vnd.oasis.opendocument.text" or "application/vnd.oasis.opendocument.text-template" => DocumentKind.Word,
        "application/vnd.oasis.opendocument.spreadsheet" or "application/vnd.oasis.opendocument.spreadsheet-template" => DocumentKind.Spreadsheet,
        "application/vnd.oasis.opendocument.presentation" or "application/vnd.oasis.opendocument.presentation-template" => DocumentKind.Presentation,
        string other when other.StartsWith("application/vnd.oasis.opendocument", StringComparison.Ordinal) => throw new SkipException(SkipReason.Unsupported, "is an OpenDocument file that is no text, workbook or presentation; save it as PDF."),
        _ => null,
    };

    public static SourceDocument Read(ZipArchive archive, DocumentKind kind, string path, PieceList pieces, ReadOptions options)
    {
        if (archive.GetEntry("META-INF/manifest.xml") is { } manifest && IsEncrypted(ZipFiles.Unpack(manifest, options.MaxFileBytes), pieces.Cancellation)) throw new SkipException(SkipReason.Encrypted, "is an OpenDocument file with a password; open it, save it without one, and try again.");
        ZipArchiveEntry entry = archive.GetEntry("content.xml") ?? throw new SkipException(SkipReason.Damaged, $"is an OpenDocument file without a content inside; {Advice}");
        using var content = new MemoryStream(ZipFiles.Unpack(entry, options.MaxFileBytes), writable: false);
        try
        {
            using XmlReader reader = Xml.Open(content);
            int pages = new Reading(reader, kind, pieces).Run();
            return new SourceDocument(path, kind, pieces.Pieces) { Pages = pages };
        }
        catch (XmlException exception) when (exception.Message.Contains("DTD", StringComparison.Ordinal))
        {
            throw new SkipException(SkipReason.Unsafe, "is an OpenDocument file that defines entities, as in attacks; do not trust it, or save it anew.", exception);
        }
        catch (XmlException exception)
        {
            throw new SkipException(SkipReason.Damaged, $"is a broken OpenDocument file ({Reasons.Of(exception)}); {Advice}", exception);
        }
    }

    private static bool IsEncrypted(byte[] manifest, CancellationToken cancellation)
    {
        try
        {
            using XmlReader reader = Xml.Open(new MemoryStream(manifest, writable: false));
            while (reader.Next(cancellation))
            {
                if (reader.IsStart("encryption-data")) return true;
            }
        }
        catch (XmlException)
        {
            // The content itself will say what is wrong.
        }

        return false;
    }

    /// <summary>One walk through the content.</summary>
    private sealed class Reading(XmlReader reader, DocumentKind kind, PieceList pieces)
    {
        private readonly Stack<List<string>> rows = new();
        private readonly Stack<StringBuilder> waiting = new();
        private StringBuilder? paragraph;
        private string prefix = string.Empty;
        private string? part;
        private int line, page, lists, repeatedRows = 1, repeatedCells = 1;

        public int Run()
        {
            bool isRead = true;
            while (!isRead || reader.Next(pieces.Cancellation))
            {
                isRead = true;
                if (reader.IsStart("tracked-changes") || reader.IsStart("annotation") || reader.IsStart("forms"))
                {
                    // Deleted text, remarks and the texts of buttons; skipping goes to the node behind.
                    reader.Skip();
                    isRead = false;
                    if (reader.EOF) break;
                    continue;
                }

                if (reader.NodeType == XmlNodeType.Element) Enter();
                else if (paragraph is not null && reader.IsText()) paragraph.Append(reader.Value);
                Leave();
            }

            return page;
        }

        private void Enter()
        {
            switch (reader.LocalName)
            {
                case "h" or "p":
                    if (paragraph is not null) waiting.Push(paragraph);
                    paragraph = new StringBuilder();
                    prefix = reader.LocalName == "h" ? new string('#', int.TryParse(reader.Attribute("outline-level"), out int level) ? Math.Clamp(level, 1, 6) : 1) + " " : lists > 0 ? "- " : string.Empty;
                    break;
                case "s":
                    paragraph?.Append(' ');
                    break;
                case "tab" or "line-break":
                    paragraph?.Append(' ');
                    break;
                case "list":
                    if (!reader.IsEmptyElement) lists++;
                    break;
                case "table" when kind == DocumentKind.Spreadsheet:
                    page++;
                    line = 0;
                    part = reader.Attribute("name");
                    break;
                case "page" when kind == DocumentKind.Presentation:
                    page++;
                    line = 0;
                    part = null;
                    break;
                case "notes" when kind == DocumentKind.Presentation:
                    part = "notes";
                    line = 0;
                    break;
                case "table-row":
                    rows.Push([]);
                    repeatedRows = Repeats("number-rows-repeated");
                    break;
                case "table-cell" or "covered-table-cell" when rows.Count > 0:
                    repeatedCells = Repeats("number-columns-repeated");
                    rows.Peek().Add(string.Empty);
                    break;
            }
        }

        private void Leave()
        {
            if ((reader.IsEnd("p") || reader.IsEnd("h")) && paragraph is not null) EndParagraph();
            else if (reader.IsEnd("list") && reader.NodeType == XmlNodeType.EndElement) lists--;
            else if ((reader.IsEnd("table-cell") || reader.IsEnd("covered-table-cell")) && rows.TryPeek(out List<string>? row) && row.Count > 0) EndCell(row);
            else if (reader.IsEnd("table-row") && rows.TryPop(out List<string>? done)) EndRow(done);
        }

        private void EndParagraph()
        {
            string text = string.Join(' ', paragraph!.ToString().Split((char[])['\n', '\r', '\t', ' '], StringSplitOptions.RemoveEmptyEntries));
            paragraph = waiting.TryPop(out StringBuilder? outer) ? outer : null;
            if (rows.TryPeek(out List<string>? row) && row.Count > 0) row[^1] += row[^1].Length > 0 && text.Length > 0 ? " " + text : text;
            else if (text.Length > 0 || kind == DocumentKind.Word) Add(text.Length > 0 ? prefix + text : text);
            prefix = string.Empty;
        }

        private void EndCell(List<string> row)
        {
            // Empty cells at a row's end are repeated to the last column of the sheet.
            string text = row[^1];
            row.AddRange(Enumerable.Repeat(text, Math.Min(repeatedCells, text.Length > 0 ? MostRepeats : MostEmpty) - 1));
            repeatedCells = 1;
        }

        private void EndRow(List<string> cells)
        {
            int repeats = repeatedRows;
            repeatedRows = 1;
            int last = cells.FindLastIndex(cell => cell.Length > 0);
            string text = last < 0 ? string.Empty : string.Join(" | ", cells.Take(last + 1));
            if (rows.TryPeek(out List<string>? outer) && outer.Count > 0)
            {
                outer[^1] += outer[^1].Length > 0 ? " " + text : text;
                return;
            }

            if (text.Length == 0 && kind == DocumentKind.Spreadsheet) line += repeats - 1;
            int written = text.Length == 0 ? 1 : Math.Min(repeats, MostRepeats);
            for (int i = 0; i < written; i++) Add(text);
            if (text.Length > 0) line += repeats - written;
        }

        private void Add(string text) => pieces.Add(text, ++line, kind == DocumentKind.Word ? null : page, part);

        private int Repeats(string name) => int.TryParse(reader.Attribute(name), out int count) ? Math.Clamp(count, 1, MostRows) : 1;
    }
}
