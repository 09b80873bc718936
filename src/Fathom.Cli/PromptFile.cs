namespace Fathom.Cli;

/// <summary>Reads a text file into a prompt, in the form that DeepSeek documents for uploaded files.</summary>
internal static class PromptFile
{
    private const long MostBytes = 64L << 20;

    /// <summary>The file's name and text between its markers.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="FormatException">It is not text, or too long for any prompt.</exception>
    public static string Read(string path)
    {
        using (FileStream stream = InputText.Open(path))
        {
            if (stream is { CanSeek: true, Length: > MostBytes and var length }) throw new FormatException($"{path} has {length} bytes; a file for a prompt has at most {MostBytes}.");
        }

        return $"[file name]: {Path.GetFileName(path)}\n[file content begin]\n{InputText.Read(path)}\n[file content end]\n";
    }
}
