using System.Text;

namespace Fathom.Checkpoints;

/// <summary>Files that are either whole or not there.</summary>
public static class AtomicFile
{
    /// <summary>What comes after a file's name until it is whole.</summary>
    internal const string TemporaryExtension = ".tmp";

    /// <summary>Writes text under a temporary name beside the file and renames it.</summary>
    /// <exception cref="IOException">The file cannot be written; what was there before is still there.</exception>
    public static void Write(string path, string text) =>
        Write(path, path + TemporaryExtension, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write }, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>Writes a file that only its owner may read, under a temporary name, and renames it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="write">Writes what it holds.</param>
    /// <param name="temporary">The name until then; the file's and <c>.tmp</c> when left out.</param>
    /// <exception cref="IOException">The file cannot be written; what was there before is still there.</exception>
    public static void WritePrivate(string path, Action<FileStream> write, string? temporary = null)
    {
        ArgumentNullException.ThrowIfNull(write);
        Write(path, temporary ?? path + TemporaryExtension, PrivateOptions(FileMode.Create), write);
    }

    /// <summary>How a file is opened for writing that, when it is made, only its owner may read.</summary>
    public static FileStreamOptions PrivateOptions(FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write, BufferSize = 1 << 16 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return options;
    }

    private static void Write(string path, string temporary, FileStreamOptions options, Action<FileStream> write)
    {
        try
        {
            using (var stream = new FileStream(temporary, options)) write(stream);
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
