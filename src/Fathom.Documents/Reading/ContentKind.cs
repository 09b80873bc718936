namespace Fathom.Documents.Reading;

/// <summary>What the first bytes of a file tell.</summary>
internal enum ContentKind
{
    Text,
    Html,
    Pdf,

    /// <summary>An archive, or an Office file, which is one.</summary>
    Zip,

    /// <summary>An old Office file, or a new one with a password.</summary>
    Compound,
}
