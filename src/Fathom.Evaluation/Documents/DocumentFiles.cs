using DocumentFormat.OpenXml.Packaging;
using DocumentFormat.OpenXml;
using System.IO.Compression;
using System.Net;
using System.Text;
using UglyToad.PdfPig.Content;
using UglyToad.PdfPig.Core;
using UglyToad.PdfPig.Fonts.Standard14Fonts;
using UglyToad.PdfPig.Writer;
using Word = DocumentFormat.OpenXml.Wordprocessing;

namespace Fathom.Evaluation.Documents;

/// <summary>Writes a generated text as files of every kind, and remembers where each line went.</summary>
internal static class DocumentFiles
{
    private const int LineCharacters = 90;
    private const int PageLines = 45;
    private const int LongestParagraph = 700;

    /// <summary>Writes a text.</summary>
    public static WrittenDocument Write(FileFormat format, string text)
    {
        string[] paragraphs = Paragraphs(text);
        return format switch
        {
            FileFormat.Pdf => Pdf("report.pdf", paragraphs),
            FileFormat.Docx => Docx("report.docx", paragraphs),
            FileFormat.Html => Html("report.html", paragraphs),
            FileFormat.Markdown => Markdown("report.md", paragraphs),
            _ => Zip("reports.zip", paragraphs),
        };
    }

    /// <summary>The paragraphs of a text; running text without any is cut at sentences.</summary>
    private static string[] Paragraphs(string text)
    {
        var paragraphs = new List<string>();
        foreach (string block in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string rest = block;
            while (rest.Length > LongestParagraph && rest.LastIndexOf(". ", LongestParagraph, StringComparison.Ordinal) is > 0 and int end)
            {
                paragraphs.Add(rest[..(end + 1)]);
                rest = rest[(end + 2)..];
            }

            paragraphs.Add(rest);
        }

        return [.. paragraphs];
    }

    private static WrittenDocument Pdf(string name, string[] paragraphs)
    {
        using var builder = new PdfDocumentBuilder();
        PdfDocumentBuilder.AddedFont font = builder.AddStandard14Font(Standard14Font.Helvetica);
        PdfPageBuilder? page = null;
        int pages = 0, line = PageLines;
        var lines = new List<WrittenLine[]>();
        foreach (string paragraph in paragraphs)
        {
            var own = new List<WrittenLine>();
            foreach ((int start, int length) in Wrapped(paragraph))
            {
                if (line == PageLines)
                {
                    page = builder.AddPage(PageSize.A4);
                    pages++;
                    line = 0;
                }

                page!.AddText(paragraph.Substring(start, length), 10, new PdfPoint(50, 800 - (16 * line)), font);
                own.Add(new WrittenLine(start, name, pages, ++line));
            }

            lines.Add([.. own]);
        }

        return new WrittenDocument(name, builder.Build(), paragraphs, lines);
    }

    private static WrittenDocument Docx(string name, string[] paragraphs)
    {
        using var stream = new MemoryStream();
        using (var document = WordprocessingDocument.Create(stream, WordprocessingDocumentType.Document))
        {
            MainDocumentPart main = document.AddMainDocumentPart();
            main.Document = new Word.Document(new Word.Body(paragraphs.Select(paragraph => new Word.Paragraph(new Word.Run(new Word.Text(paragraph) { Space = SpaceProcessingModeValues.Preserve })))));
        }

        return new WrittenDocument(name, stream.ToArray(), paragraphs, [.. paragraphs.Select((_, i) => new[] { new WrittenLine(0, name, null, i + 1) })]);
    }

    private static WrittenDocument Html(string name, string[] paragraphs)
    {
        var page = new StringBuilder("<!DOCTYPE html><html><head><meta charset=\"utf-8\"></head><body>\n");
        foreach (string paragraph in paragraphs) page.Append("<p>").AppendJoin('\n', Wrapped(paragraph).Select(part => WebUtility.HtmlEncode(paragraph.Substring(part.Start, part.Length)))).Append("</p>\n");
        return new WrittenDocument(name, Encoding.UTF8.GetBytes(page.Append("</body></html>\n").ToString()), paragraphs, [.. paragraphs.Select((_, i) => new[] { new WrittenLine(0, name, null, i + 1) })]);
    }

    private static WrittenDocument Markdown(string name, string[] paragraphs)
    {
        var text = new StringBuilder();
        var lines = new List<WrittenLine[]>();
        int number = 0;
        string before = string.Empty;
        foreach (string paragraph in paragraphs)
        {
            // Entries of a list follow each other; paragraphs have an empty line between.
            bool isEntry = paragraph.StartsWith("- ", StringComparison.Ordinal) && before.StartsWith("- ", StringComparison.Ordinal);
            if (number > 0 && !isEntry)
            {
                text.Append('\n');
                number++;
            }

            var own = new List<WrittenLine>();
            foreach ((int start, int length) in Wrapped(paragraph))
            {
                text.Append(paragraph, start, length).Append('\n');
                own.Add(new WrittenLine(start, name, null, ++number));
            }

            lines.Add([.. own]);
            before = paragraph;
        }

        return new WrittenDocument(name, Encoding.UTF8.GetBytes(text.ToString()), paragraphs, lines);
    }

    private static WrittenDocument Zip(string name, string[] paragraphs)
    {
        int quarter = (paragraphs.Length + 3) / 4;
        string[][] parts = [.. paragraphs.Chunk(quarter)];
        WrittenDocument[] files = [.. parts.Select((part, i) => (i % 4) switch { 0 => Markdown("a.md", part), 1 => Pdf("b.pdf", part), 2 => Html("c.html", part), _ => Docx("d.docx", part) })];
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (WrittenDocument file in files)
            {
                using Stream entry = archive.CreateEntry(file.Name).Open();
                entry.Write(file.Content);
            }
        }

        return new WrittenDocument(name, stream.ToArray(), paragraphs, [.. files.SelectMany(file => file.Lines).Select(lines => lines.Select(line => line with { Path = $"{name}/{line.Path}" }).ToArray())]);
    }

    /// <summary>Cuts a paragraph into lines at spaces.</summary>
    private static IEnumerable<(int Start, int Length)> Wrapped(string paragraph)
    {
        int start = 0;
        while (paragraph.Length - start > LineCharacters)
        {
            int end = paragraph.LastIndexOf(' ', start + LineCharacters, LineCharacters);
            yield return (start, end - start);
            start = end + 1;
        }

        yield return (start, paragraph.Length - start);
    }
}
