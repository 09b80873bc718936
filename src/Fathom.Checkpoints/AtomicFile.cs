namespace Fathom.Checkpoints;

/// <summary>Files that are either whole or not there.</summary>
public static class AtomicFile
{
    /// <summary>Writes text under a temporary name beside the file and renames it.</summary>
    /// <exception cref="IOException">The file cannot be written; what was there before is still there.</exception>
    public static void Write(string path, string text)
    {
        string temporary = path + ".tmp";
        try
        {
            File.WriteAllText(temporary, text);
            File.Move(temporary, path, overwrite: true);
        }
        catch (IOException)
        {
            File.Delete(temporary);
            throw;
        }
    }
}
