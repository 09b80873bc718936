namespace Fathom.Documents;

/// <summary>What a document is. Decided by its content; the name only tells kinds of text apart.</summary>
public enum DocumentKind
{
    /// <summary>Plain text, and every text without a kind of its own.</summary>
    Text,

    /// <summary>Markdown.</summary>
    Markdown,

    /// <summary>Source code and configuration.</summary>
    Code,

    /// <summary>Comma or tab separated values, JSON, XML and YAML, as they stand.</summary>
    Data,

    /// <summary>A web page: its visible text.</summary>
    Html,

    /// <summary>A PDF file: text by pages and lines.</summary>
    Pdf,

    /// <summary>A Word document: text by paragraphs.</summary>
    Word,

    /// <summary>An Excel workbook: a page for each sheet, a line for each row.</summary>
    Spreadsheet,

    /// <summary>A PowerPoint presentation: a page for each slide.</summary>
    Presentation,
}
