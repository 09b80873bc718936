using System.Text;

namespace Fathom.Cli;

/// <summary>Text files that a person named: whatever is wrong with one is a sentence.</summary>
internal static class InputText
{
    private const int MostCharacters = 256 << 20;

    /// <summary>The text of a file: UTF-8, or what its first bytes say.</summary>
    /// <exception cref="IOException">There is no such file, or it cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    /// <exception cref="FormatException">It is not text, or too long.</exception>
    public static string Read(string path)
    {
        try
        {
            using var reader = new StreamReader(Open(path), new UTF8Encoding(false, throwOnInvalidBytes: true));
            string text = ReadAll(reader, path);
            return text.Contains('\0', StringComparison.Ordinal) ? throw new FormatException($"{path} is not a text file; it holds a zero byte.") : text;
        }
        catch (DecoderFallbackException exception)
        {
            throw new FormatException($"{path} is not UTF-8 text; convert it first.", exception);
        }
    }

    /// <summary>Opens a file for reading.</summary>
    /// <exception cref="IOException">There is no such file, or it cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static FileStream Open(string path)
    {
        if (Directory.Exists(path)) throw new IOException($"{path} is a folder; name a file.");
        try
        {
            return File.OpenRead(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new FileNotFoundException($"There is no file {path}; check the path.", exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new UnauthorizedAccessException($"{path} may not be read: permission is denied.", exception);
        }
    }

    /// <summary>All of a reader, up to a bound.</summary>
    /// <param name="reader">The reader.</param>
    /// <param name="what">What it reads.</param>
    /// <exception cref="FormatException">There is too much.</exception>
    public static string ReadAll(TextReader reader, string what)
    {
        var text = new StringBuilder();
        var buffer = new char[1 << 16];
        for (int count; (count = reader.Read(buffer)) > 0;)
        {
            text.Append(buffer, 0, count);
            if (text.Length > MostCharacters) throw new FormatException($"{what} has more than {MostCharacters} characters.");
        }

        return text.ToString();
    }
}
