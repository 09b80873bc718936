using System.IO.Compression;
using System.Text;
using DocumentFormat.OpenXml;
using DocumentFormat.OpenXml.Packaging;
using UglyToad.PdfPig.Content;
using UglyToad.PdfPig.Core;
using UglyToad.PdfPig.Fonts.Standard14Fonts;
using UglyToad.PdfPig.Writer;
using Drawing = DocumentFormat.OpenXml.Drawing;
using Sheet = DocumentFormat.OpenXml.Spreadsheet;
using Slide = DocumentFormat.OpenXml.Presentation;
using Word = DocumentFormat.OpenXml.Wordprocessing;

namespace Fathom.Documents.Tests;

/// <summary>Makes files of every kind in memory.</summary>
internal static class Files
{
    /// <summary>A PDF with these lines on its pages.</summary>
    public static byte[] Pdf(params string[][] pages)
    {
        using var builder = new PdfDocumentBuilder();
        PdfDocumentBuilder.AddedFont font = builder.AddStandard14Font(Standard14Font.Helvetica);
        foreach (string[] lines in pages)
        {
            PdfPageBuilder page = builder.AddPage(PageSize.A4);
            for (int i = 0; i < lines.Length; i++) page.AddText(lines[i], 10, new PdfPoint(50, 800 - (14 * i)), font);
        }

        return builder.Build();
    }

    /// <summary>A page of two columns of text below a headline.</summary>
    public static byte[] TwoColumns(string headline, string[] left, string[] right)
    {
        using var builder = new PdfDocumentBuilder();
        PdfDocumentBuilder.AddedFont font = builder.AddStandard14Font(Standard14Font.Helvetica);
        PdfPageBuilder page = builder.AddPage(PageSize.A4);
        page.AddText(headline, 16, new PdfPoint(50, 800), font);
        for (int i = 0; i < left.Length; i++) page.AddText(left[i], 10, new PdfPoint(50, 760 - (14 * i)), font);
        for (int i = 0; i < right.Length; i++) page.AddText(right[i], 10, new PdfPoint(320, 760 - (14 * i)), font);
        return builder.Build();
    }

    /// <summary>A page with words at places.</summary>
    public static byte[] Placed(params (double X, double Y, double Size, string Text)[] texts)
    {
        using var builder = new PdfDocumentBuilder();
        PdfDocumentBuilder.AddedFont font = builder.AddStandard14Font(Standard14Font.Helvetica);
        PdfPageBuilder page = builder.AddPage(PageSize.A4);
        foreach ((double x, double y, double size, string text) in texts) page.AddText(text, size, new PdfPoint(x, y), font);
        return builder.Build();
    }

    /// <summary>A Word document of a heading, two paragraphs, a table, a list entry, and a deleted and an inserted text.</summary>
    public static byte[] Docx()
    {
        using var stream = new MemoryStream();
        using (var document = WordprocessingDocument.Create(stream, WordprocessingDocumentType.Document))
        {
            MainDocumentPart main = document.AddMainDocumentPart();
            var styles = main.AddNewPart<StyleDefinitionsPart>();
            styles.Styles = new Word.Styles(new Word.Style(new Word.StyleName { Val = "heading 2" }) { Type = Word.StyleValues.Paragraph, StyleId = "berschrift2" });
            main.Document = new Word.Document(new Word.Body(
                new Word.Paragraph(new Word.ParagraphProperties(new Word.ParagraphStyleId { Val = "berschrift2" }), Run("Terms")),
                new Word.Paragraph(Run("The tenant pays "), Run("on the first.")),
                new Word.Paragraph(),
                new Word.Paragraph(Run("Kept "), new Word.DeletedRun(new Word.Run(new Word.DeletedText("gone "))) { Id = "1", Author = "x" }, new Word.InsertedRun(Run("new")) { Id = "2", Author = "x" }),
                new Word.Table(
                    new Word.TableRow(Cell("Item"), Cell("Price")),
                    new Word.TableRow(Cell("Rent"), Cell("900"))),
                new Word.Paragraph(new Word.ParagraphProperties(new Word.NumberingProperties(new Word.NumberingId { Val = 1 })), Run("Entry"))));
            var notes = main.AddNewPart<FootnotesPart>();
            notes.Footnotes = new Word.Footnotes(new Word.Footnote(new Word.Paragraph(Run("A footnote."))) { Id = 2 });
        }

        return stream.ToArray();

        static Word.Run Run(string text) => new(new Word.Text(text) { Space = SpaceProcessingModeValues.Preserve });
        static Word.TableCell Cell(string text) => new(new Word.Paragraph(Run(text)));
    }

    /// <summary>A workbook of two sheets, with shared and inline text, numbers, a date, a truth value and a gap.</summary>
    public static byte[] Xlsx()
    {
        using var stream = new MemoryStream();
        using (var document = SpreadsheetDocument.Create(stream, SpreadsheetDocumentType.Workbook))
        {
            WorkbookPart workbook = document.AddWorkbookPart();
            var shared = workbook.AddNewPart<SharedStringTablePart>();
            shared.SharedStringTable = new Sheet.SharedStringTable(new Sheet.SharedStringItem(new Sheet.Text("Rent")));
            var styles = workbook.AddNewPart<WorkbookStylesPart>();
            styles.Stylesheet = new Sheet.Stylesheet(new Sheet.CellFormats(new Sheet.CellFormat { NumberFormatId = 0 }, new Sheet.CellFormat { NumberFormatId = 14 }));
            var first = workbook.AddNewPart<WorksheetPart>();
            first.Worksheet = new Sheet.Worksheet(new Sheet.SheetData(
                new Sheet.Row(Cell("A1", "0", "s"), Cell("B1", "900.5", null), Cell("D1", "45000", null, 1)) { RowIndex = 1 },
                new Sheet.Row(Cell("A4", "1", "b"), Cell("B4", "0.30000000000000004", null), Cell("Z4", "9", null)) { RowIndex = 4 }));
            var second = workbook.AddNewPart<WorksheetPart>();
            second.Worksheet = new Sheet.Worksheet(new Sheet.SheetData(new Sheet.Row(new Sheet.Cell(new Sheet.InlineString(new Sheet.Text("inline"))) { CellReference = "A1", DataType = Sheet.CellValues.InlineString }) { RowIndex = 1 }));
            workbook.Workbook = new Sheet.Workbook(new Sheet.Sheets(
                new Sheet.Sheet { Id = workbook.GetIdOfPart(first), SheetId = 1, Name = "Costs" },
                new Sheet.Sheet { Id = workbook.GetIdOfPart(second), SheetId = 2, Name = "Notes" }));
        }

        return stream.ToArray();

        static Sheet.Cell Cell(string reference, string value, string? type, uint? style = null)
        {
            var cell = new Sheet.Cell(new Sheet.CellValue(value)) { CellReference = reference };
            if (type == "s") cell.DataType = Sheet.CellValues.SharedString;
            if (type == "b") cell.DataType = Sheet.CellValues.Boolean;
            if (style is not null) cell.StyleIndex = style;
            return cell;
        }
    }

    /// <summary>A presentation with a slide for each array, a line for each paragraph, shown in the reverse order of their parts.</summary>
    public static byte[] Pptx(params string[][] slides)
    {
        using var stream = new MemoryStream();
        using (var document = PresentationDocument.Create(stream, PresentationDocumentType.Presentation))
        {
            PresentationPart presentation = document.AddPresentationPart();
            string[] ids = new string[slides.Length];
            for (int i = slides.Length - 1; i >= 0; i--)
            {
                var part = presentation.AddNewPart<SlidePart>();
                ids[i] = presentation.GetIdOfPart(part);
                part.Slide = new Slide.Slide(new Slide.CommonSlideData(new Slide.ShapeTree(new Slide.Shape(new Slide.TextBody(
                    [new Drawing.BodyProperties(), .. slides[i].Select(line => new Drawing.Paragraph(new Drawing.Run(new Drawing.Text(line))))])))));
            }

            presentation.Presentation = new Slide.Presentation(new Slide.SlideIdList(ids.Select((id, i) => new Slide.SlideId { Id = (uint)(256 + i), RelationshipId = id })));
        }

        return stream.ToArray();
    }

    /// <summary>An OpenDocument file of a kind, such as <c>text</c>, with this body.</summary>
    public static byte[] OpenDocument(string kind, string body) => Zip(
        ("mimetype", Utf8("application/vnd.oasis.opendocument." + kind)),
        ("content.xml", Utf8($"""
            <?xml version="1.0" encoding="UTF-8"?>
            <office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" xmlns:presentation="urn:oasis:names:tc:opendocument:xmlns:presentation:1.0"><office:body>{body}</office:body></office:document-content>
            """)),
        ("META-INF/manifest.xml", Utf8("<manifest/>")));

    /// <summary>A ZIP archive of these entries.</summary>
    public static byte[] Zip(params (string Name, byte[] Content)[] entries)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] content) in entries)
            {
                using Stream entry = archive.CreateEntry(name).Open();
                entry.Write(content);
            }
        }

        return stream.ToArray();
    }

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
