namespace Fathom.Hub;

/// <summary>The files of one commit of a repository.</summary>
/// <param name="Name">The repository and the revision that was asked for.</param>
/// <param name="Commit">The commit that the revision stands for.</param>
/// <param name="Files">The files.</param>
public sealed record HubListing(ModelName Name, string Commit, IReadOnlyList<HubFile> Files);
