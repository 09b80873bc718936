using System.Text.Json;

namespace Fathom.Text;

/// <summary>Says where JSON is broken. The reader's own messages quote the text, which may be megabytes.</summary>
internal static class JsonPlace
{
    /// <summary>" in line 3 at byte 14", or nothing when the place is not known.</summary>
    public static string Of(Exception exception) =>
        exception is JsonException { LineNumber: { } line, BytePositionInLine: { } position } ? $" in line {line + 1} at byte {position + 1}" : string.Empty;
}
