using System.Runtime.InteropServices;
using System.Text;

namespace Fathom.Training.Libtorch;

/// <summary>
/// Makes libtorch loadable before its first use. TorchSharp's native part asks for a symbol version of GCC 13's C++
/// library (GLIBCXX_3.4.32) that Debian 12, Ubuntu 22.04 and RHEL 9 do not have, for the sake of one function that only
/// sets up streams which are set up already. Where the system is older, that one reference in our copy of the file is
/// pointed at a harmless function (std::get_terminate) of an older version. Seen on Linux x86-64; other systems are left alone.
/// </summary>
public static class LibtorchLoader
{
    private const string NewVersion = "GLIBCXX_3.4.32";
    private const string OldVersion = "GLIBCXX_3.4.20";
    private const string NewFunction = "_ZSt21ios_base_library_initv";
    private const string OldFunction = "_ZSt13get_terminatev";

    private static readonly Lock Gate = new();
    private static bool isReady;

    /// <summary>Prepares libtorch. Call it before anything of TorchSharp is touched; later calls do nothing.</summary>
    /// <exception cref="IOException">The native library cannot be mended where it lies.</exception>
    public static void Prepare()
    {
        lock (Gate)
        {
            if (isReady) return;
            if (OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64) Mend();
            if (OperatingSystem.IsLinux()) KeepFreedMemory();
            isReady = true;
        }
    }

    // libtorch frees and takes megabytes at every operation; glibc gives them back to the system each time, and every
    // page that comes again costs a fault. One arena without mappings keeps them: a training step is up to twice as fast.
    private static void KeepFreedMemory()
    {
        const int trimThreshold = -1, topPad = -2, mapsAtMost = -4, arenasAtMost = -8;
        try
        {
            _ = mallopt(mapsAtMost, 0);
            _ = mallopt(arenasAtMost, 1);
            _ = mallopt(trimThreshold, int.MaxValue);
            _ = mallopt(topPad, 64 << 20);
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library: slower, not wrong.
        }
    }

    [DllImport("libc", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int mallopt(int parameter, int value);

    private static void Mend()
    {
        string path = Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", "libLibTorchSharp.so");
        if (!File.Exists(path) || SystemHasNewVersion()) return;
        byte[] library = File.ReadAllBytes(path);
        if (!ElfReferences.Redirect(library, NewFunction, OldFunction, NewVersion, OldVersion)) return;
        string temporary = $"{path}.{Environment.ProcessId}.tmp";
        File.WriteAllBytes(temporary, library);
        File.Move(temporary, path, overwrite: true);
    }

    // The C++ library that this process runs on carries its versions as text.
    private static bool SystemHasNewVersion()
    {
        string? file = File.ReadLines("/proc/self/maps").Select(line => line[(line.LastIndexOf(' ') + 1)..]).FirstOrDefault(name => name.Contains("libstdc++.so", StringComparison.Ordinal));
        return file is not null && File.ReadAllBytes(file).AsSpan().IndexOf(Encoding.ASCII.GetBytes(NewVersion)) >= 0;
    }
}
