using Fathom.Documents.Reading;

namespace Fathom.Documents;

/// <summary>
/// Reads files, folders and archives into documents with places. What a file is, its content decides and not its name. Files may be
/// hostile: whatever cannot be read is reported in one sentence, and the rest is still read.
/// </summary>
/// <param name="options">Limits; the defaults are meant for a person's machine.</param>
public sealed class DocumentReader(ReadOptions? options = null)
{
    private readonly ReadOptions options = Checked(options ?? new ReadOptions());

    /// <summary>Names of folders of foreign or generated files, which are left out inside others.</summary>
    public static IReadOnlyCollection<string> VendoredFolders => FolderWalker.VendoredNames;

    /// <summary>Reads files and folders.</summary>
    /// <param name="paths">Paths of files and folders. Links are followed if they are named here, and never inside folders.</param>
    /// <param name="progress">Told before every file.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public DocumentSet Read(IEnumerable<string> paths, IProgress<ReadProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(paths);
        var reading = new ReadingRun(this.options, progress, cancellation);
        string[] named = [.. paths];
        var shown = ShownNames(named);
        var seen = new HashSet<string>(OperatingSystem.IsWindows() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);
        for (int i = 0; i < named.Length; i++)
        {
            if (seen.Add(Path.GetFullPath(named[i]))) reading.ReadPath(named[i], EntryNames.Clean(shown[i]), seen);
        }

        return reading.Result;
    }

    /// <summary>Reads a file that is already in memory.</summary>
    /// <param name="name">How it is called.</param>
    /// <param name="content">Its bytes.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public DocumentSet Read(string name, byte[] content, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(content);
        var reading = new ReadingRun(this.options, null, cancellation);
        reading.ReadBytes(name, content);
        return reading.Result;
    }

    private static ReadOptions Checked(ReadOptions options)
    {
        options.Validate();
        return options;
    }

    /// <summary>The last name of each path, because whole paths cost tokens and tell a model more than it needs; the whole path where two share a name.</summary>
    private static string[] ShownNames(string[] paths)
    {
        string[] names = [.. paths.Select(path => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))) is { Length: > 0 } name ? name : path)];
        string[] shown = new string[paths.Length];
        for (int i = 0; i < paths.Length; i++) shown[i] = names.Count(name => name == names[i]) == 1 ? names[i] : Path.TrimEndingDirectorySeparator(paths[i]).Replace(Path.DirectorySeparatorChar, '/');
        return shown;
    }
}
