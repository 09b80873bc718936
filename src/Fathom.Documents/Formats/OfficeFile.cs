using System.Xml;
using DocumentFormat.OpenXml.Packaging;
using Fathom.Documents.Reading;

namespace Fathom.Documents.Formats;

/// <summary>Opens Office packages and turns what can go wrong into a sentence.</summary>
internal static class OfficeFile
{
    public static SourceDocument Read(byte[] content, DocumentKind kind, string path, PieceList pieces)
    {
        try
        {
            using var stream = new MemoryStream(content, writable: false);
            int pages = 0;
            switch (kind)
            {
                case DocumentKind.Word:
                    using (WordprocessingDocument word = WordprocessingDocument.Open(stream, isEditable: false)) WordText.Read(word, pieces);
                    break;
                case DocumentKind.Spreadsheet:
                    using (SpreadsheetDocument sheets = SpreadsheetDocument.Open(stream, isEditable: false)) pages = SheetText.Read(sheets, pieces);
                    break;
                default:
                    using (PresentationDocument slides = PresentationDocument.Open(stream, isEditable: false)) pages = SlideText.Read(slides, pieces);
                    break;
            }

            return new SourceDocument(path, kind, pieces.Pieces) { Pages = pages };
        }
        catch (XmlException exception) when (exception.Message.Contains("DTD", StringComparison.Ordinal))
        {
            throw new SkipException(SkipReason.Unsafe, "is an Office file that defines entities, as in attacks; do not trust it, or save it anew.", exception);
        }
        catch (Exception exception) when (exception is OpenXmlPackageException or XmlException or InvalidDataException or IOException or FormatException or ArgumentException or InvalidOperationException or KeyNotFoundException or OverflowException or UriFormatException or NotSupportedException or NullReferenceException)
        {
            throw new SkipException(SkipReason.Damaged, $"is a broken Office file ({Reasons.Of(exception)}); open and save it again.", exception);
        }
    }
}
