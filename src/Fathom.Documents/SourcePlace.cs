using System.Globalization;

namespace Fathom.Documents;

/// <summary>Where something stands: a document, pages and lines, both ends included.</summary>
/// <param name="Path">The document.</param>
/// <param name="Kind">What the document is; it decides how pages and lines are called.</param>
/// <param name="Page">The first page, sheet or slide; null where the document has none.</param>
/// <param name="Line">The first line, paragraph or row of that page.</param>
/// <param name="LastPage">The last page.</param>
/// <param name="LastLine">The last line of the last page.</param>
public sealed record SourcePlace(string Path, DocumentKind Kind, int? Page, int Line, int? LastPage, int LastLine)
{
    /// <summary>The name of the sheet or special part; null for the text itself.</summary>
    public string? Part { get; init; }

    /// <summary>How a kind of document calls its pages.</summary>
    public static string PageWord(DocumentKind kind) => kind switch
    {
        DocumentKind.Spreadsheet => "sheet",
        DocumentKind.Presentation => "slide",
        _ => "page",
    };

    /// <summary>How a kind of document calls its lines.</summary>
    public static string LineWord(DocumentKind kind) => kind switch
    {
        DocumentKind.Spreadsheet => "row",
        DocumentKind.Word => "paragraph",
        _ => "line",
    };

    /// <summary>The place in words, such as <c>report.pdf, page 3, lines 4-9</c>.</summary>
    public override string ToString()
    {
        string path = Path + (Part is null || Kind == DocumentKind.Spreadsheet ? string.Empty : $", {Part}");
        string sheet = Kind == DocumentKind.Spreadsheet && Part is not null ? $" \"{Part}\"" : string.Empty;
        string page = PageWord(Kind);
        string line = LineWord(Kind);
        if (Page == LastPage)
        {
            string lines = Line == LastLine ? $"{line} {Text(Line)}" : $"{line}s {Text(Line)}-{Text(LastLine)}";
            return Page is null ? $"{path}, {lines}" : $"{path}, {page} {Text(Page)}{sheet}, {lines}";
        }

        return $"{path}, {page} {Text(Page ?? 0)}{sheet}, {line} {Text(Line)} to {page} {Text(LastPage ?? 0)}, {line} {Text(LastLine)}";
    }

    private static string Text(int? number) => (number ?? 0).ToString(CultureInfo.InvariantCulture);
}
