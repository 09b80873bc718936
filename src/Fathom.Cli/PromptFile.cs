using System.Text;

namespace Fathom.Cli;

/// <summary>Reads a text file into a prompt, in the form that DeepSeek documents for uploaded files.</summary>
internal static class PromptFile
{
    private const long MostBytes = 64L << 20;

    /// <summary>The file's name and text between its markers.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="FormatException">It is not UTF-8 text, or too long for any prompt.</exception>
    public static string Read(string path)
    {
        long length = new FileInfo(path).Length;
        if (length > MostBytes) throw new FormatException($"{path} has {length} bytes; a file for a prompt has at most {MostBytes}.");
        byte[] bytes = File.ReadAllBytes(path);
        if (bytes.AsSpan().Contains((byte)0)) throw new FormatException($"{path} is not a text file; it holds a zero byte.");
        try
        {
            ReadOnlySpan<byte> text = bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? bytes.AsSpan(Encoding.UTF8.Preamble.Length) : bytes;
            string content = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(text);
            return $"[file name]: {Path.GetFileName(path)}\n[file content begin]\n{content}\n[file content end]\n";
        }
        catch (DecoderFallbackException exception)
        {
            throw new FormatException($"{path} is not UTF-8 text; convert it first.", exception);
        }
    }
}
