using System.IO.MemoryMappedFiles;

namespace Fathom.Checkpoints;

/// <summary>A file mapped into memory for reading. Content is loaded by the system when it is touched.</summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile mapping;
    private readonly MemoryMappedViewAccessor view;
    private bool isDisposed;

    private MappedFile(WeightFile file, MemoryMappedFile mapping, MemoryMappedViewAccessor view)
    {
        Path = file.Path;
        State = file.Opened;
        this.mapping = mapping;
        this.view = view;
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        Start = start + view.PointerOffset;
    }

    /// <summary>Where the file lies.</summary>
    public string Path { get; }

    /// <summary>Its first byte.</summary>
    public byte* Start { get; }

    /// <summary>What the file was like when it was mapped.</summary>
    public FileState State { get; }

    /// <summary>Maps an opened file; the mapping stays when that is closed.</summary>
    /// <exception cref="CheckpointException">It cannot be mapped.</exception>
    public static MappedFile Map(WeightFile file)
    {
        MemoryMappedFile? mapping = null;
        MemoryMappedViewAccessor? view = null;
        try
        {
            mapping = MemoryMappedFile.CreateFromFile(file.Handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            view = mapping.CreateViewAccessor(0, file.Length, MemoryMappedFileAccess.Read);
            return new MappedFile(file, mapping, view);
        }
        catch (Exception exception)
        {
            view?.Dispose();
            mapping?.Dispose();
            if (exception is IOException or UnauthorizedAccessException or ArgumentException)
                throw new CheckpointException(file.Path, null, "a readable file", exception.Message, "check the path and its permissions", exception);
            throw;
        }
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
