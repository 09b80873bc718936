namespace Fathom.Hub;

/// <summary>One file of a repository, as the hub announces it. At least one of the hashes is there.</summary>
/// <param name="Path">Its path in the repository, with forward slashes.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">The SHA-256 of a large file, in small hexadecimal digits.</param>
/// <param name="GitSha1">The git blob hash of a small file; of a large one it is that of its pointer and of no use, so null.</param>
public sealed record HubFile(string Path, long Bytes, string? Sha256, string? GitSha1)
{
    /// <summary>Begins the key of a small file.</summary>
    internal const string GitPrefix = "git-";

    /// <summary>A file name for what is known of the content.</summary>
    internal string Key => Sha256 ?? GitPrefix + GitSha1;
}
