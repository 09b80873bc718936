namespace Fathom.Hub.Store;

/// <summary>One commit of a repository in the cache of the hub's own tools.</summary>
/// <param name="Name">The repository; its revision is one that stands for this commit there, or the commit.</param>
/// <param name="Commit">The commit.</param>
/// <param name="Folder">The folder with its files.</param>
/// <param name="Revisions">All revisions that stand for this commit there.</param>
public sealed record CachedModel(ModelName Name, string Commit, string Folder, IReadOnlyList<string> Revisions)
{
    /// <summary>Whether a person means this model by a name.</summary>
    /// <param name="text">owner/name for any commit, or with @ and a revision, a commit, or the beginning of one.</param>
    /// <exception cref="ArgumentException">It is no name.</exception>
    public bool IsMeantBy(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var wanted = ModelName.Parse(text);
        if (!string.Equals(wanted.Repository, Name.Repository, StringComparison.OrdinalIgnoreCase)) return false;
        return !text.Contains('@', StringComparison.Ordinal) || Revisions.Contains(wanted.Revision) || (wanted.Revision.Length >= 7 && Commit.StartsWith(wanted.Revision, StringComparison.Ordinal));
    }
}
