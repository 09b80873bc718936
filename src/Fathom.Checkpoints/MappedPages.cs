using System.Runtime.InteropServices;

namespace Fathom.Checkpoints;

/// <summary>
/// Keeps the resident memory of somebody who reads a checkpoint from end to end small: pages that were read are given
/// back to the system, which still has them in its own cache and brings them again when they are touched.
/// </summary>
/// <param name="checkpoint">What is read.</param>
internal sealed partial class MappedPages(Checkpoint checkpoint)
{
    private const long MostBytes = 64 << 20;
    private const int DontNeed = 4;

    private long read;

    /// <summary>Counts what was read; now and then gives everything back.</summary>
    public void Read(long bytes)
    {
        if ((read += bytes) < MostBytes) return;
        checkpoint.ReleasePages();
        read = 0;
    }

    /// <summary>Gives back the pages of a mapping. Only Linux was tried; Windows trims resident memory by itself, and there nothing is done.</summary>
    /// <param name="start">The first byte of a mapping.</param>
    /// <param name="length">Its bytes.</param>
    public static unsafe void Release(byte* start, long length)
    {
        // Advice: where it is not taken, memory stays larger and nothing else happens.
        if (!OperatingSystem.IsWindows()) _ = Advise((nint)start, (nuint)length, DontNeed);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(nint start, nuint length, int advice);
}
