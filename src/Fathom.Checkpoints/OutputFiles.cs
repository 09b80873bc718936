namespace Fathom.Checkpoints;

/// <summary>Looks, before long work begins, whether what it will write would destroy something.</summary>
public static class OutputFiles
{
    private const int MostLinks = 40;

    // What the system says when somebody else has the file open alone.
    private const int WouldBlockOnLinux = 11, WouldBlockOnMac = 35, SharingViolationOnWindows = unchecked((int)0x80070020);

    /// <summary>How paths are compared: as file systems usually do.</summary>
    internal static StringComparer Paths => OperatingSystem.IsLinux() ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase;

    /// <summary>Refuses files that are the source's, by whatever way their paths lead there, and files that exist already.</summary>
    /// <param name="outputs">What will be written.</param>
    /// <param name="sources">The files that are read.</param>
    /// <param name="mayReplace">Whether files that exist, and are not the source's, may be replaced.</param>
    /// <exception cref="IOException">One of them must not be written.</exception>
    public static void Check(IEnumerable<string> outputs, IEnumerable<string> sources, bool mayReplace)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        ArgumentNullException.ThrowIfNull(sources);
        HashSet<string> read = new(sources.SelectMany(Names), Paths);
        foreach (string output in outputs)
        {
            if (Directory.Exists(output)) throw new IOException($"{output} is a folder; name a file to write.");
            if (Names(output).Any(read.Contains)) throw new IOException($"{output} is read and cannot be written at the same time; name another file.");
            if (!mayReplace && Path.Exists(output)) throw new IOException($"{output} exists already; name another file, or let --force replace it.");
        }
    }

    /// <summary>Refuses a folder that holds the source, and one that is not empty.</summary>
    /// <param name="folder">The folder that will be made.</param>
    /// <param name="sources">The files that are read.</param>
    /// <param name="mayReplace">Whether a folder that holds nothing but what <paramref name="isReplaceable"/> knows may be replaced.</param>
    /// <param name="isReplaceable">Whether a file of this name may go.</param>
    /// <exception cref="IOException">It must not be written.</exception>
    internal static void CheckFolder(string folder, IEnumerable<string> sources, bool mayReplace, Func<string, bool> isReplaceable)
    {
        if (File.Exists(folder)) throw new IOException($"{folder} is a file; name a new folder.");
        if (!Directory.Exists(folder)) return;
        string[] inside = [.. Names(folder).Select(name => Path.TrimEndingDirectorySeparator(name) + Path.DirectorySeparatorChar)];
        StringComparison comparison = OperatingSystem.IsLinux() ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;
        if (sources.SelectMany(Names).Any(source => inside.Any(start => source.StartsWith(start, comparison)))) throw new IOException($"{folder} holds what is read; name a new folder.");
        foreach (string entry in Directory.EnumerateFileSystemEntries(folder))
        {
            if (!mayReplace) throw new IOException($"{folder} is a folder that is not empty; name a new one, or let --force replace the checkpoint in it.");
            if (Directory.Exists(entry) || !isReplaceable(Path.GetFileName(entry))) throw new IOException($"{folder} holds {Path.GetFileName(entry)}, which is no file of a conversion and would be lost; name a new folder.");
        }
    }

    /// <summary>Refuses a file whose folder is not there.</summary>
    /// <param name="output">What will be written.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public static void CheckPlace(string output)
    {
        string full = Path.GetFullPath(output), folder = Path.GetDirectoryName(full) ?? full;
        if (!Directory.Exists(folder)) throw new DirectoryNotFoundException($"There is no folder {folder} to write {Path.GetFileName(full)} into; make it first.");
    }

    /// <summary>Opens a file that no other process may have open meanwhile.</summary>
    /// <param name="output">What is being made, as the user named it.</param>
    /// <param name="open">Opens the file.</param>
    /// <exception cref="IOException">Another process has it, or it cannot be opened.</exception>
    public static T Alone<T>(string output, Func<T> open)
    {
        ArgumentNullException.ThrowIfNull(open);
        try
        {
            return open();
        }
        catch (IOException exception) when (exception.HResult is WouldBlockOnLinux or WouldBlockOnMac or SharingViolationOnWindows)
        {
            throw new IOException($"Another process is writing {output}; wait until it is done, or name another place.", exception);
        }
    }

    // A file under its own name, and under the one that all symbolic links in it lead to.
    private static string[] Names(string path) => [Path.GetFullPath(path), RealOf(Path.GetFullPath(path), MostLinks)];

    private static string RealOf(string path, int links)
    {
        string real = Path.GetPathRoot(path)!;
        foreach (string part in path[real.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            real = Path.Combine(real, part);
            if (links > 0 && Target(real) is { } target) real = RealOf(target, links - 1);
        }

        return real;
    }

    private static string? Target(string path)
    {
        try
        {
            var info = new FileInfo(path);
            return info.LinkTarget is null ? null : info.ResolveLinkTarget(returnFinalTarget: true)?.FullName;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A link that leads nowhere is what it is called.
            return null;
        }
    }
}
