namespace Fathom.Hub.Downloads;

/// <summary>What a pull would do.</summary>
/// <param name="Listing">The commit and all its files.</param>
/// <param name="Files">The files that are wanted.</param>
/// <param name="PresentBytes">Bytes of them that are in the store, of unfinished files too.</param>
/// <param name="FreeBytes">Free bytes on the store's disk; null where the system does not say.</param>
public sealed record PullPlan(HubListing Listing, IReadOnlyList<HubFile> Files, long PresentBytes, long? FreeBytes)
{
    /// <summary>Bytes of all files that are wanted; content that two of them share counts once.</summary>
    public long TotalBytes => Files.Sum(file => file.Bytes);

    /// <summary>Bytes to fetch.</summary>
    public long MissingBytes => TotalBytes - PresentBytes;
}
