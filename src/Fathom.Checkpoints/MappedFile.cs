using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace Fathom.Checkpoints;

/// <summary>A file mapped into memory for reading. Content is loaded by the system when it is touched.</summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile mapping;
    private readonly MemoryMappedViewAccessor view;
    private bool isDisposed;

    private MappedFile(string path, long length, MemoryMappedFile mapping, MemoryMappedViewAccessor view)
    {
        Path = path;
        Length = length;
        this.mapping = mapping;
        this.view = view;
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        Start = start + view.PointerOffset;
    }

    /// <summary>Where the file lies.</summary>
    public string Path { get; }

    /// <summary>Bytes of the file.</summary>
    public long Length { get; }

    /// <summary>Its first byte.</summary>
    public byte* Start { get; }

    /// <summary>Maps a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="leastBytes">What it must have at least.</param>
    /// <param name="what">What these bytes are, for the message.</param>
    /// <exception cref="CheckpointException">The file cannot be read or is shorter.</exception>
    public static MappedFile Open(string path, long leastBytes, string what)
    {
        MemoryMappedFile? mapping = null;
        MemoryMappedViewAccessor? view = null;
        try
        {
            // Asked of the opened file: a symbolic link, as hubs' own caches have them, says its own length.
            using SafeFileHandle file = File.OpenHandle(path);
            long length = RandomAccess.GetLength(file);
            if (length < leastBytes) throw new CheckpointException(path, null, $"at least the {leastBytes} bytes of {what}", $"a file of {length} bytes");
            mapping = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            view = mapping.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
            return new MappedFile(path, length, mapping, view);
        }
        catch (Exception exception)
        {
            view?.Dispose();
            mapping?.Dispose();
            if (exception is IOException or UnauthorizedAccessException or ArgumentException)
                throw new CheckpointException(path, null, "a readable file", exception.Message, "check the path and its permissions", exception);
            throw;
        }
    }

    /// <summary>Lets go of the pages that were touched; they come back when they are touched again. Does nothing where the system has no such call.</summary>
    public void Forget()
    {
        if (!isDisposed) MemoryAdvice.Forget(Start - view.PointerOffset, Length + view.PointerOffset);
    }

    /// <summary>Unmaps the file.</summary>
    public void Dispose()
    {
        if (isDisposed) return;
        isDisposed = true;
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
        mapping.Dispose();
    }
}
