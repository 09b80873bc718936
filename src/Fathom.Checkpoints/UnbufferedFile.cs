using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Fathom.Checkpoints;

/// <summary>
/// A file read past the system's page cache, so that the same bytes are not held twice. Where the system refuses, reads are ordinary, and the page cache is asked to forget them.
/// Offsets, lengths and addresses are multiples of <see cref="Alignment"/>. May be used by several threads.
/// </summary>
public sealed unsafe partial class UnbufferedFile : IDisposable
{
    /// <summary>What offsets, lengths and addresses must be multiples of.</summary>
    public const int Alignment = 4096;

    // fcntl.h of Linux; O_DIRECT is another bit on Arm64.
    private const int OpenCloseOnExec = 0x80000;
    private const int OpenDirectX64 = 0x4000;
    private const int OpenDirectArm64 = 0x10000;
    private const int AdviceNotNeeded = 4;

    private readonly SafeFileHandle handle;

    private UnbufferedFile(string path, SafeFileHandle handle, bool isUnbuffered)
    {
        Path = path;
        this.handle = handle;
        IsUnbuffered = isUnbuffered;
    }

    /// <summary>Where the file lies.</summary>
    public string Path { get; }

    /// <summary>Whether reads go past the page cache.</summary>
    public bool IsUnbuffered { get; }

    /// <summary>Bytes of the file: of what was opened, where the path is a symbolic link.</summary>
    public long Length => RandomAccess.GetLength(handle);

    /// <summary>Opens a file for reading.</summary>
    /// <exception cref="CheckpointException">It cannot be read.</exception>
    public static UnbufferedFile Open(string path)
    {
        try
        {
            if (OpenUnbuffered(path) is { } direct)
            {
                var file = new UnbufferedFile(path, direct, isUnbuffered: true);
                if (file.CanRead()) return file;
                file.Dispose();
            }

            return new UnbufferedFile(path, File.OpenHandle(path, options: FileOptions.RandomAccess), isUnbuffered: false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, null, "a readable file", exception.Message, "check the path and its permissions", exception);
        }
    }

    /// <summary>Reads until the target is full or the file ends.</summary>
    /// <param name="offset">Where in the file.</param>
    /// <param name="target">Receives the bytes.</param>
    /// <param name="count">How many.</param>
    /// <returns>Bytes read; fewer than asked at the end of the file.</returns>
    /// <exception cref="IOException">The system reports an error.</exception>
    public int Read(long offset, byte* target, int count)
    {
        int done = 0;
        while (done < count)
        {
            int read = RandomAccess.Read(handle, new Span<byte>(target + done, count - done), offset + done);
            done += read;

            // An unbuffered read that ends inside a block has met the end of the file.
            if (read == 0 || (IsUnbuffered && read % Alignment != 0)) break;
        }

        if (!IsUnbuffered && OperatingSystem.IsLinux()) _ = Advise(handle, offset, count, AdviceNotNeeded);
        return done;
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => handle.Dispose();

    // Some file systems accept the flag and refuse the first read.
    private bool CanRead()
    {
        void* probe = NativeMemory.AlignedAlloc(Alignment, Alignment);
        try
        {
            return Read(0, (byte*)probe, Alignment) > 0;
        }
        catch (IOException)
        {
            return false;
        }
        finally
        {
            NativeMemory.AlignedFree(probe);
        }
    }

    private static SafeFileHandle? OpenUnbuffered(string path)
    {
        if (OperatingSystem.IsLinux())
        {
            int direct = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? OpenDirectArm64 : OpenDirectX64;
            int descriptor = OpenFile(path, direct | OpenCloseOnExec);
            return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
        }

        // The other two systems were not run.
        if (OperatingSystem.IsWindows())
        {
            const FileOptions noBuffering = (FileOptions)0x20000000;
            return File.OpenHandle(path, options: noBuffering | FileOptions.RandomAccess);
        }

        if (!OperatingSystem.IsMacOS()) return null;
        SafeFileHandle handle = File.OpenHandle(path, options: FileOptions.RandomAccess);
        return DisableCache(handle) ? handle : null;
    }

    // A variadic argument lies on the stack on Arm64: empty ones before it fill the registers.
    [SupportedOSPlatform("macos")]
    private static bool DisableCache(SafeFileHandle handle)
    {
        const int noCache = 48;
        return (RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? ControlOnStack(handle, noCache, 0, 0, 0, 0, 0, 0, 1) : Control(handle, noCache, 1)) >= 0;
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "posix_fadvise", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(SafeFileHandle file, long offset, long length, int advice);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Control(SafeFileHandle file, int command, nint value);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int ControlOnStack(SafeFileHandle file, int command, nint a, nint b, nint c, nint d, nint e, nint f, nint value);
}
