using System.Globalization;

namespace Fathom.Checkpoints;

/// <summary>Looks whether a disk has room before gigabytes are written.</summary>
internal static class FreeSpace
{
    private const long Reserve = 64 << 20;

    /// <summary>Refuses what will not fit.</summary>
    /// <param name="folder">Where it is to be written.</param>
    /// <param name="needed">Bytes.</param>
    /// <param name="what">What it is, as the beginning of the sentence.</param>
    /// <param name="advice">What may help besides freeing space, or empty.</param>
    /// <exception cref="IOException">There is too little.</exception>
    public static void Check(string folder, long needed, string what, string advice = "")
    {
        long free = new DriveInfo(folder).AvailableFreeSpace;
        if (free < needed + Reserve) throw new IOException($"{what} takes {Size(needed)} and {folder} has {Size(free)} left, of which {Size(Reserve)} are for others; free some space{advice}.");
    }

    private static string Size(long bytes) => bytes >= 1_000_000_000
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:f1} GB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:f0} MB");
}
