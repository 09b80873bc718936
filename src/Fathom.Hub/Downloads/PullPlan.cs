namespace Fathom.Hub.Downloads;

/// <summary>What a pull would do.</summary>
/// <param name="Listing">The commit and all its files.</param>
/// <param name="Files">The files that are wanted.</param>
/// <param name="PresentBytes">Bytes of them that need not be fetched: in the store, in unfinished files, or of content that another of them has as well.</param>
/// <param name="FreeBytes">Free bytes on the store's disk; null where the system does not say.</param>
public sealed record PullPlan(HubListing Listing, IReadOnlyList<HubFile> Files, long PresentBytes, long? FreeBytes)
{
    /// <summary>Bytes of all files that are wanted.</summary>
    public long TotalBytes => Files.Sum(file => file.Bytes);

    /// <summary>Bytes to fetch.</summary>
    public long MissingBytes => TotalBytes - PresentBytes;
}
