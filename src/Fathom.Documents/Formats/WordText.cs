using System.Text;
using System.Xml;
using DocumentFormat.OpenXml.Packaging;
using Fathom.Documents.Reading;

namespace Fathom.Documents.Formats;

/// <summary>
/// The text of a Word document: paragraphs with their number, headings with <c>#</c>, rows of tables with <c> | </c> between cells.
/// Deleted text of tracked changes is left out, inserted text is read. A Word document does not know its pages.
/// </summary>
internal static class WordText
{
    public static void Read(WordprocessingDocument document, PieceList pieces)
    {
        MainDocumentPart main = document.MainDocumentPart ?? throw new SkipException(SkipReason.Damaged, "is a Word file without a document inside; open and save it again.");
        Dictionary<string, int> headings = main.StyleDefinitionsPart is { } styles ? Headings(styles, pieces.Cancellation) : [];
        ReadPart(main, null, headings, pieces);
        if (main.FootnotesPart is { } footnotes) ReadPart(footnotes, "footnotes", headings, pieces);
        if (main.EndnotesPart is { } endnotes) ReadPart(endnotes, "endnotes", headings, pieces);
        if (main.WordprocessingCommentsPart is { } comments) ReadPart(comments, "comments", headings, pieces);
        int headers = 0;
        foreach (OpenXmlPart part in main.HeaderParts.Cast<OpenXmlPart>().Concat(main.FooterParts)) headers = ReadPart(part, "headers and footers", headings, pieces, headers);
    }

    private static int ReadPart(OpenXmlPart part, string? name, Dictionary<string, int> headings, PieceList pieces, int number = 0)
    {
        using XmlReader reader = Xml.Open(part);

        // Text boxes stand inside paragraphs, tables inside cells: both wait on a stack for what is inside them.
        var waiting = new Stack<Paragraph>();
        var tables = new Stack<Row>();
        Paragraph? paragraph = null;
        bool isText = false;
        bool isRead = true;
        while (!isRead || reader.Next(pieces.Cancellation))
        {
            isRead = true;
            if (reader.NodeType == XmlNodeType.Element)
            {
                switch (reader.LocalName)
                {
                    // What follows is older software's copy of what was just read, deleted, or no text.
                    case "Fallback" or "del" or "moveFrom" or "instrText" or "delText" or "pPrChange" or "rPrChange":
                        reader.Skip();
                        isRead = false;
                        if (reader.EOF) return number;
                        continue;
                    case "p":
                        if (paragraph is not null) waiting.Push(paragraph);
                        paragraph = new Paragraph();
                        break;
                    case "pStyle" when paragraph is not null && reader.Attribute("val") is { } style && headings.TryGetValue(style, out int level):
                        paragraph.Heading = level;
                        break;
                    case "outlineLvl" when paragraph is not null && int.TryParse(reader.Attribute("val"), out int outline) && outline is >= 0 and < 6:
                        paragraph.Heading = outline + 1;
                        break;
                    case "numPr" when paragraph is not null:
                        paragraph.IsListed = true;
                        break;
                    case "t":
                        isText = !reader.IsEmptyElement;
                        break;
                    // With a value it is a tab stop, which is no text.
                    case "tab" or "ptab" when reader.Attribute("val") is null:
                        paragraph?.Append(" ");
                        break;
                    case "br" or "cr":
                        paragraph?.Append("\n");
                        break;
                    case "noBreakHyphen":
                        paragraph?.Append("-");
                        break;
                    case "tr":
                        tables.Push(new Row { Number = number + 1 });
                        break;
                    case "tc":
                        if (tables.TryPeek(out Row? row)) row.Cells.Add(new StringBuilder());
                        break;
                }
            }
            else if (isText && reader.IsText())
            {
                paragraph?.Append(reader.Value);
            }

            if (reader.IsEnd("t")) isText = false;
            if (reader.IsEnd("p") && paragraph is not null)
            {
                number++;
                string text = paragraph.ToString();
                if (waiting.Count == 0 && tables.TryPeek(out Row? row) && row.Cells.Count > 0) row.Add(text);
                else pieces.AddParagraph(text, number, name);
                paragraph = waiting.TryPop(out Paragraph? outer) ? outer : null;
            }
            else if (reader.IsEnd("tr") && tables.TryPop(out Row? row))
            {
                string text = row.ToString();
                if (tables.TryPeek(out Row? outer) && outer.Cells.Count > 0) outer.Add(text);
                else pieces.AddParagraph(text, row.Number, name);
            }
        }

        return number;
    }

    /// <summary>One paragraph, its line breaks as spaces of the same piece.</summary>
    private static void AddParagraph(this PieceList pieces, string text, int number, string? part)
    {
        foreach (Range line in text.AsSpan().Split('\n')) pieces.Add(text.AsSpan()[line], number, null, part);
    }

    /// <summary>Style ids that are headings, with their level; the ids differ by language, the names do not.</summary>
    private static Dictionary<string, int> Headings(StyleDefinitionsPart styles, CancellationToken cancellation)
    {
        var found = new Dictionary<string, int>(StringComparer.Ordinal);
        using XmlReader reader = Xml.Open(styles);
        string? id = null;
        while (reader.Next(cancellation))
        {
            if (reader.IsStart("style")) id = reader.Attribute("styleId");
            if (!reader.IsStart("name") || id is null || reader.Attribute("val") is not { } name) continue;
            if (name.Equals("Title", StringComparison.OrdinalIgnoreCase)) found[id] = 1;
            else if (name.StartsWith("heading ", StringComparison.OrdinalIgnoreCase) && int.TryParse(name.AsSpan(8), out int level) && level is > 0 and < 10) found[id] = Math.Min(level, 6);
        }

        return found;
    }

    private sealed class Paragraph
    {
        private readonly StringBuilder text = new();

        public int Heading { get; set; }

        public bool IsListed { get; set; }

        public void Append(string more) => text.Append(more);

        public override string ToString()
        {
            if (text.Length == 0) return string.Empty;
            if (Heading > 0) return new string('#', Heading) + " " + text;
            return IsListed ? "- " + text : text.ToString();
        }
    }

    private sealed class Row
    {
        public int Number { get; init; }

        public List<StringBuilder> Cells { get; } = [];

        public void Add(string text)
        {
            if (text.Length > 0) Cells[^1].Append(Cells[^1].Length > 0 ? " " : string.Empty).Append(text.Replace('\n', ' '));
        }

        public override string ToString() => Cells.Any(cell => cell.Length > 0) ? string.Join(" | ", Cells) : string.Empty;
    }
}
