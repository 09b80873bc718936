namespace Fathom.Hub.Store;

/// <summary>One commit of a repository in the cache of the hub's own tools.</summary>
/// <param name="Name">The repository; its revision is the one that stands for this commit there, or the commit.</param>
/// <param name="Commit">The commit.</param>
/// <param name="Folder">The folder with its files.</param>
public sealed record CachedModel(ModelName Name, string Commit, string Folder);
