namespace Fathom.Hub.Store;

/// <summary>What the disk of a store has room for, and what it can do.</summary>
internal static class StoreDisk
{
    /// <summary>What file systems and other programs should still have.</summary>
    public const long SpareBytes = 64 << 20;

    /// <summary>Free bytes; null where the system does not say.</summary>
    public static long? FreeBytes(ModelStore store) => DriveOf(store, drive => (long?)drive.AvailableFreeSpace);

    /// <summary>Whether a file takes its whole room as soon as it has its length: NTFS, the FAT family and HFS have no holes unless they are asked for.</summary>
    public static bool ReservesAtOnce(ModelStore store) =>
        OperatingSystem.IsWindows() || DriveOf(store, drive => drive.DriveFormat) is { } format && (format.Contains("fat", StringComparison.OrdinalIgnoreCase) || format is "msdos" or "hfs");

    /// <summary>Tries whether the disk knows links; where it does not, models are copies.</summary>
    public static bool KnowsLinks(ModelStore store)
    {
        Directory.CreateDirectory(store.PartialFolder);
        string path = Path.Combine(store.PartialFolder, $"link-{Guid.NewGuid():N}"), second = path + ".second";
        try
        {
            File.WriteAllBytes(path, []);
            return store.TryLink(path, second);
        }
        finally
        {
            File.Delete(second);
            File.Delete(path);
        }
    }

    /// <summary>Copies a file; can be stopped.</summary>
    public static async Task CopyAsync(string from, string to, CancellationToken cancellation)
    {
        var source = new FileStream(from, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1, FileOptions.SequentialScan);
        await using (source.ConfigureAwait(false))
        {
            var target = new FileStream(to, FileMode.Create, FileAccess.Write, FileShare.None, 1);
            await using (target.ConfigureAwait(false)) await source.CopyToAsync(target, 1 << 20, cancellation).ConfigureAwait(false);
        }
    }

    private static T? DriveOf<T>(ModelStore store, Func<DriveInfo, T?> ask)
    {
        string? folder = store.Root;
        while (folder is not null && !Directory.Exists(folder)) folder = Path.GetDirectoryName(folder);
        try
        {
            return folder is null ? default : ask(new DriveInfo(folder));
        }
        catch (Exception exception) when (exception is IOException or ArgumentException or UnauthorizedAccessException)
        {
            // Network shares of Windows have no drive; writing will show.
            return default;
        }
    }
}
