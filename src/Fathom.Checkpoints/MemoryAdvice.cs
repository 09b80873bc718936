using System.Runtime.InteropServices;

namespace Fathom.Checkpoints;

/// <summary>What the system is told about pages of memory (madvise of Linux). Advice that it refuses, or has no call for, changes nothing.</summary>
internal static unsafe partial class MemoryAdvice
{
    private const int HugePage = 14;

    /// <summary>Asks for pages of 2 MiB.</summary>
    public static void UseHugePages(byte* start, long bytes)
    {
        if (OperatingSystem.IsLinux()) _ = Advise(start, (nuint)bytes, HugePage);
    }

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(byte* address, nuint length, int advice);
}
