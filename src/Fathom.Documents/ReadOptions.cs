namespace Fathom.Documents;

/// <summary>Limits of reading. What passes one is reported in <see cref="DocumentSet.Skipped"/>; the rest is still read.</summary>
public sealed record ReadOptions
{
    /// <summary>Bytes of one file, and of one unpacked entry of an archive.</summary>
    public long MaxFileBytes { get; init; } = 128L << 20;

    /// <summary>Bytes of all files and unpacked entries together.</summary>
    public long MaxTotalBytes { get; init; } = 1L << 30;

    /// <summary>Characters of text of all documents together.</summary>
    public long MaxTotalCharacters { get; init; } = 64L << 20;

    /// <summary>Files and archive entries that are looked at.</summary>
    public int MaxFiles { get; init; } = 50_000;

    /// <summary>Archives inside archives: 1 reads an archive but none inside it.</summary>
    public int MaxArchiveDepth { get; init; } = 3;

    /// <summary>How many times larger than its packed form an archive or Office file may become; small ones may always.</summary>
    public int MaxArchiveRatio { get; init; } = 200;

    /// <summary>Folders inside folders.</summary>
    public int MaxFolderDepth { get; init; } = 64;

    /// <summary>Time for one file.</summary>
    public TimeSpan MaxFileTime { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>Whether .gitignore files are honoured inside folders.</summary>
    public bool HonourGitIgnore { get; init; } = true;

    /// <summary>Whether folders of foreign or generated files are left out: <c>.git</c>, <c>node_modules</c>, <c>bin</c>, <c>obj</c> and the like.</summary>
    public bool SkipVendored { get; init; } = true;

    /// <summary>Checks that the limits make sense.</summary>
    /// <exception cref="ArgumentException">One does not.</exception>
    public void Validate()
    {
        if (MaxFileBytes < 1 || MaxTotalBytes < 1 || MaxTotalCharacters < 1 || MaxFiles < 1 || MaxArchiveRatio < 1 || MaxFolderDepth < 1 || MaxFileTime <= TimeSpan.Zero) throw new ArgumentException("Limits of reading must be at least 1.");
        if (MaxFileBytes > Array.MaxLength) throw new ArgumentException($"{nameof(MaxFileBytes)} may be {Array.MaxLength} at most, not {MaxFileBytes}.");
        ArgumentOutOfRangeException.ThrowIfNegative(MaxArchiveDepth);
    }
}
