using System.Xml;
using DocumentFormat.OpenXml.Packaging;
using Fathom.Documents.Reading;

namespace Fathom.Documents.Formats;

/// <summary>Streams the XML of Office parts. Elements are told by their local names, which are the same in both variants of the standard.</summary>
internal static class Xml
{
    /// <summary>Deeper than any program writes; the reader itself needs no stack.</summary>
    private const int DeepestElement = 1_000;

    private static readonly XmlReaderSettings Settings = new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, IgnoreComments = true, IgnoreProcessingInstructions = true, MaxCharactersInDocument = 512L << 20 };

    public static XmlReader Open(OpenXmlPart part) => Open(part.GetStream(FileMode.Open, FileAccess.Read));

    public static XmlReader Open(Stream stream) => XmlReader.Create(stream, Settings);

    /// <summary>Goes to the next node and looks at depth and cancellation.</summary>
    public static bool Next(this XmlReader reader, CancellationToken cancellation)
    {
        if (!reader.Read()) return false;
        if (reader.Depth > DeepestElement) throw new SkipException(SkipReason.Unsafe, "nests its elements more than 1,000 deep, as in attacks; save it anew if you trust it.");
        cancellation.ThrowIfCancellationRequested();
        return true;
    }

    /// <summary>An attribute by its local name.</summary>
    public static string? Attribute(this XmlReader reader, string name)
    {
        string? value = null;
        if (!reader.MoveToFirstAttribute()) return null;
        do
        {
            if (reader.LocalName == name) value = reader.Value;
        }
        while (value is null && reader.MoveToNextAttribute());
        reader.MoveToElement();
        return value;
    }

    /// <summary>The attribute <c>r:id</c>, beside which there may be an <c>id</c> of its own.</summary>
    public static string? RelationshipId(this XmlReader reader)
    {
        string? value = null;
        if (!reader.MoveToFirstAttribute()) return null;
        do
        {
            if (reader.LocalName == "id" && reader.NamespaceURI.EndsWith("/relationships", StringComparison.Ordinal)) value = reader.Value;
        }
        while (value is null && reader.MoveToNextAttribute());
        reader.MoveToElement();
        return value;
    }

    public static bool IsText(this XmlReader reader) => reader.NodeType is XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace or XmlNodeType.Whitespace;

    public static bool IsStart(this XmlReader reader, string name) => reader.NodeType == XmlNodeType.Element && reader.LocalName == name;

    public static bool IsEnd(this XmlReader reader, string name) =>
        reader.LocalName == name && (reader.NodeType == XmlNodeType.EndElement || (reader.NodeType == XmlNodeType.Element && reader.IsEmptyElement));
}
