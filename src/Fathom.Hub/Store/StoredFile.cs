namespace Fathom.Hub.Store;

/// <summary>One file of a stored model.</summary>
/// <param name="Path">Its path in the model, with forward slashes.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">The SHA-256 of its content, which is also the name of its blob.</param>
/// <param name="GitSha1">The git blob hash that the hub announced, where it did.</param>
public sealed record StoredFile(string Path, long Bytes, string Sha256, string? GitSha1 = null);
