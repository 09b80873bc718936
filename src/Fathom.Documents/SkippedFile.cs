namespace Fathom.Documents;

/// <summary>Something that was not read, or not wholly.</summary>
/// <param name="Path">What was not read.</param>
/// <param name="Reason">Why, for programs.</param>
/// <param name="Message">Why, and what to do, for people: one sentence.</param>
public sealed record SkippedFile(string Path, SkipReason Reason, string Message)
{
    /// <summary>Path and message.</summary>
    public override string ToString() => $"{Path}: {Message}";
}
