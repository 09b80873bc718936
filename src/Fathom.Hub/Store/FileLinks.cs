using System.Runtime.InteropServices;

namespace Fathom.Hub.Store;

/// <summary>Second names for files, so that a model's folder costs no second copy of its bytes.</summary>
internal static partial class FileLinks
{
    /// <summary>Gives a file a second name: a hard link, else a symbolic link; false on disks that know neither.</summary>
    public static bool TryLink(string existing, string path)
    {
        if (TryHardLink(existing, path)) return true;
        try
        {
            File.CreateSymbolicLink(path, Path.GetFullPath(existing));
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException && !File.Exists(path))
        {
            return false;
        }
    }

    /// <summary>Makes a hard link; false where the disk or the system does not allow one.</summary>
    public static bool TryHardLink(string existing, string path)
    {
        try
        {
            return OperatingSystem.IsWindows() ? CreateHardLink(path, existing, 0) : Link(existing, path) == 0;
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Link(string existing, string path);

    [LibraryImport("kernel32", EntryPoint = "CreateHardLinkW", StringMarshalling = StringMarshalling.Utf16, SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool CreateHardLink(string path, string existing, nint security);
}
