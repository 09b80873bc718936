namespace Fathom.Evaluation.Documents;

/// <summary>Kinds of files that generated documents are written as.</summary>
public enum FileFormat
{
    /// <summary>A PDF file of several pages.</summary>
    Pdf,

    /// <summary>A Word document.</summary>
    Docx,

    /// <summary>A web page.</summary>
    Html,

    /// <summary>Markdown with lines of 90 characters at most.</summary>
    Markdown,

    /// <summary>An archive of four files: one of each kind above.</summary>
    Zip,
}
