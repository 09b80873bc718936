using System.Text;
using System.Xml;
using DocumentFormat.OpenXml.Packaging;
using Fathom.Documents.Reading;

namespace Fathom.Documents.Formats;

/// <summary>The text of a presentation: a page for each slide in the order they are shown, a line for each paragraph or table row, and the speaker's notes.</summary>
internal static class SlideText
{
    /// <returns>The number of slides.</returns>
    public static int Read(PresentationDocument document, PieceList pieces)
    {
        PresentationPart presentation = document.PresentationPart ?? throw new SkipException(SkipReason.Damaged, "is a PowerPoint file without a presentation inside; open and save it again.");
        var order = new List<string>();
        using (XmlReader reader = Xml.Open(presentation))
        {
            while (reader.Next(pieces.Cancellation))
            {
                if (reader.IsStart("sldId") && reader.RelationshipId() is { } id) order.Add(id);
            }
        }

        int page = 0;
        foreach (string id in order)
        {
            page++;
            if (!presentation.TryGetPartById(id, out OpenXmlPart? part) || part is not SlidePart slide) throw new SkipException(SkipReason.Damaged, $"is a PowerPoint file whose slide {page} is missing; open and save it again.");
            ReadPart(slide, page, null, pieces);
            if (slide.NotesSlidePart is { } notes) ReadPart(notes, page, "notes", pieces);
        }

        return page;
    }

    private static void ReadPart(OpenXmlPart part, int page, string? name, PieceList pieces)
    {
        using XmlReader reader = Xml.Open(part);
        var paragraph = new StringBuilder();
        List<string>? cells = null;
        int line = 0;
        bool isText = false;
        bool isSlideNumber = false;
        while (reader.Next(pieces.Cancellation))
        {
            if (reader.IsStart("sp")) isSlideNumber = false;
            if (reader.IsStart("ph") && reader.Attribute("type") is "sldNum") isSlideNumber = true;
            if (reader.IsStart("t")) isText = !reader.IsEmptyElement;
            if (reader.IsStart("br")) paragraph.Append(' ');
            if (reader.IsStart("tr")) cells = [];
            if (reader.IsStart("tc")) cells?.Add(string.Empty);
            if (isText && reader.IsText()) paragraph.Append(reader.Value);
            if (reader.IsEnd("t")) isText = false;
            if (reader.IsEnd("p"))
            {
                string text = paragraph.ToString().Trim();
                paragraph.Clear();
                if (text.Length == 0 || isSlideNumber) continue;
                if (cells is { Count: > 0 }) cells[^1] = cells[^1].Length == 0 ? text : cells[^1] + " " + text;
                else pieces.Add(text, ++line, page, name);
            }
            else if (reader.IsEnd("tr") && cells is not null)
            {
                if (cells.Any(cell => cell.Length > 0)) pieces.Add(string.Join(" | ", cells), ++line, page, name);
                cells = null;
            }
        }
    }
}
