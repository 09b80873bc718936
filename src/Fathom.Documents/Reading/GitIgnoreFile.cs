namespace Fathom.Documents.Reading;

/// <summary>The rules of one .gitignore file, and those of the folders above.</summary>
internal sealed class GitIgnoreFile(string folder, IReadOnlyList<GitIgnoreRule> rules, GitIgnoreFile? above)
{
    private const long MostBytes = 1 << 20;

    /// <summary>Reads the file of a folder; the rules above alone if it has none.</summary>
    /// <param name="folder">The folder's full path.</param>
    /// <param name="above">The rules of the folders above.</param>
    /// <param name="name">Where the rules stand, from the folder.</param>
    public static GitIgnoreFile? Read(string folder, GitIgnoreFile? above, string name = ".gitignore")
    {
        try
        {
            var file = new FileInfo(Path.Combine(folder, name));
            if (!file.Exists || file.Length > MostBytes) return above;
            GitIgnoreRule[] rules = [.. File.ReadLines(file.FullName).Select(GitIgnoreRule.Parse).OfType<GitIgnoreRule>()];
            return rules.Length == 0 ? above : new GitIgnoreFile(folder, rules, above);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return above;
        }
    }

    /// <summary>The rules that already hold at a folder: those of the repository's folders above it, and of its <c>info/exclude</c>.</summary>
    public static GitIgnoreFile? Above(string folder)
    {
        var folders = new Stack<string>();
        string? root = folder;
        while (root is not null && !Path.Exists(Path.Combine(root, ".git")))
        {
            root = Path.GetDirectoryName(root);
            if (root is not null) folders.Push(root);
        }

        if (root is null) return null;
        GitIgnoreFile? rules = Read(root, null, Path.Combine(".git", "info", "exclude"));
        foreach (string one in folders) rules = Read(one, rules);
        return rules;
    }

    /// <summary>Whether git ignores a file or folder whose parents it does not ignore: the last matching rule of the nearest file decides.</summary>
    public bool Ignores(string fullPath, bool isFolder)
    {
        string path = Path.GetRelativePath(folder, fullPath).Replace(Path.DirectorySeparatorChar, '/');
        for (int i = rules.Count - 1; i >= 0; i--)
        {
            if (rules[i].Matches(path, isFolder)) return !rules[i].IsNegated;
        }

        return above?.Ignores(fullPath, isFolder) ?? false;
    }
}
