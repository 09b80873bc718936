using Fathom.Checkpoints;

namespace Fathom.Cli;

/// <summary>A file that a command will write after long work: whether it may is found out before.</summary>
internal static class OutputFile
{
    /// <summary>Refuses what could not be written in the end, and what must not be overwritten.</summary>
    /// <param name="path">The file.</param>
    /// <param name="sources">Files that the work reads.</param>
    /// <param name="isForced">Whether an existing file may be replaced.</param>
    /// <exception cref="IOException">There is no such folder, it takes no files, the file is a folder or is there already, or it is one of the sources.</exception>
    /// <exception cref="UnauthorizedAccessException">Files may not be made there.</exception>
    public static void Check(string path, IEnumerable<string> sources, bool isForced)
    {
        string full = Path.GetFullPath(path), folder = Path.GetDirectoryName(full) ?? full;
        OutputFiles.CheckPlace(full);
        OutputFiles.Check([full], sources, isForced);
        Try(folder);
    }

    /// <summary>As <see cref="Check"/>, for a report that replaces an earlier one; nothing when none is asked for.</summary>
    /// <param name="report">The file, or null.</param>
    /// <param name="sources">Files that the work reads.</param>
    public static void CheckReport(FileInfo? report, IEnumerable<string> sources)
    {
        if (report is not null) Check(report.FullName, sources, isForced: true);
    }

    /// <summary>Makes a folder for a report, and refuses one that takes no files.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">Files may not be made there.</exception>
    public static void CheckFolder(string folder)
    {
        if (File.Exists(folder)) throw new IOException($"{folder} is a file; name a folder.");
        Directory.CreateDirectory(folder);
        Try(folder);
    }

    private static void Try(string folder)
    {
        string trial = Path.Combine(folder, $"{Path.GetRandomFileName()}.tmp");
        try
        {
            using FileStream stream = new(trial, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new UnauthorizedAccessException($"No file can be written into {folder}: permission is denied; choose another folder.", exception);
        }
    }
}
