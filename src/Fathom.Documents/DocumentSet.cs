namespace Fathom.Documents;

/// <summary>What came of reading: documents in order, and everything that was left out.</summary>
/// <param name="Documents">The documents: paths in the order they were named, the content of folders in ordinal order.</param>
/// <param name="Skipped">What was not read, or not wholly, and why.</param>
public sealed record DocumentSet(IReadOnlyList<SourceDocument> Documents, IReadOnlyList<SkippedFile> Skipped)
{
    /// <summary>What a user should see of <see cref="Skipped"/>: all but files that git ignores and folders of foreign files.</summary>
    public IEnumerable<SkippedFile> Problems => Skipped.Where(file => file.Reason is not (SkipReason.Ignored or SkipReason.Vendored or SkipReason.Binary or SkipReason.Empty));

    /// <summary>Characters of all documents.</summary>
    public long Characters => Documents.Sum(document => document.Characters);
}
