using System.Text.Json;

namespace Fathom.Cli;

/// <summary>Reads token ids from a JSON file.</summary>
internal static class TokenFile
{
    private const long MostBytes = 256L << 20;

    /// <summary>The ids of a JSON array of integers.</summary>
    /// <exception cref="FormatException">The file is not such an array.</exception>
    public static int[] Read(string path)
    {
        using FileStream stream = InputText.Open(path);
        if (stream is { CanSeek: true, Length: > MostBytes and var length }) throw new FormatException($"{path} has {length} bytes; a file of token ids has at most {MostBytes}.");
        try
        {
            return JsonSerializer.Deserialize<int[]>(stream) ?? throw new FormatException($"{path} holds null, not an array of token ids.");
        }
        catch (JsonException exception)
        {
            throw new FormatException($"{path} is not a JSON array of whole numbers; the error is in line {exception.LineNumber + 1} at byte {exception.BytePositionInLine + 1}.", exception);
        }
    }
}
