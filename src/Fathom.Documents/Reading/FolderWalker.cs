namespace Fathom.Documents.Reading;

/// <summary>Finds the files of a folder, in ordinal order of their paths, without following links.</summary>
internal sealed class FolderWalker(ReadBudget budget, List<SkippedFile> skipped, CancellationToken cancellation)
{
    private static readonly HashSet<string> Vendored = new(StringComparer.OrdinalIgnoreCase)
    {
        ".git", ".hg", ".svn", "node_modules", "bower_components", "bin", "obj", "vendor", "third_party", ".venv", "venv", "__pycache__", "site-packages", ".vs", ".idea", ".gradle", ".tox", ".mypy_cache", ".pytest_cache",
    };

    /// <summary>The names of folders that are left out.</summary>
    public static IReadOnlyCollection<string> VendoredNames => Vendored;

    /// <summary>Whether a folder of this name is left out.</summary>
    public static bool IsVendored(ReadOnlySpan<char> name) => Vendored.GetAlternateLookup<ReadOnlySpan<char>>().Contains(name);

    /// <summary>The files below a folder.</summary>
    /// <param name="folder">The folder's full path.</param>
    /// <param name="shown">How it is called; empty for nothing before the files' names.</param>
    public IEnumerable<(string FullPath, string Shown)> Files(string folder, string shown) =>
        Walk(new DirectoryInfo(folder), shown, budget.Options.HonourGitIgnore ? GitIgnoreFile.Above(folder) : null, 1);

    private IEnumerable<(string FullPath, string Shown)> Walk(DirectoryInfo folder, string shown, GitIgnoreFile? rules, int depth)
    {
        cancellation.ThrowIfCancellationRequested();
        if (depth > budget.Options.MaxFolderDepth)
        {
            skipped.Add(new SkippedFile(shown, SkipReason.TooLarge, $"lies more than {budget.Options.MaxFolderDepth} folders deep; name it itself to read it."));
            yield break;
        }

        FileSystemInfo[] entries;
        try
        {
            entries = folder.GetFileSystemInfos();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or System.Security.SecurityException)
        {
            skipped.Add(EntryNames.WhyNotFound(shown, exception) is { } why
                ? new SkippedFile(shown, SkipReason.Unreadable, why)
                : new SkippedFile(shown, SkipReason.Unreadable, $"could not be opened ({Reasons.Of(exception)}); check its permissions."));
            yield break;
        }

        if (budget.Options.HonourGitIgnore) rules = GitIgnoreFile.Read(folder.FullName, rules);

        // As git sorts: a folder stands where its files stand.
        foreach (FileSystemInfo entry in entries.OrderBy(entry => entry is DirectoryInfo ? entry.Name + "/" : entry.Name, StringComparer.Ordinal))
        {
            string own = EntryNames.Clean(entry.Name), name = shown.Length == 0 ? own : $"{shown}/{own}";
            bool isFolder = entry is DirectoryInfo;
            if (entry.LinkTarget is not null)
            {
                skipped.Add(new SkippedFile(name, SkipReason.Link, "is a symbolic link, and links inside folders are not followed; name its target itself to read it."));
            }
            else if (isFolder && budget.Options.SkipVendored && IsVendored(entry.Name))
            {
                skipped.Add(new SkippedFile(name, SkipReason.Vendored, "is a folder of foreign or generated files; name it itself to read it."));
            }
            else if (rules?.Ignores(entry.FullName, isFolder) == true)
            {
                skipped.Add(new SkippedFile(name, SkipReason.Ignored, "is ignored by .gitignore; name it itself to read it."));
            }
            else if (isFolder)
            {
                foreach ((string FullPath, string Shown) file in Walk((DirectoryInfo)entry, name, rules, depth + 1)) yield return file;
            }
            else
            {
                yield return (entry.FullName, name);
            }
        }
    }
}
