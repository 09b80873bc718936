using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;

namespace Fathom.Checkpoints;

/// <summary>
/// A safetensors file, memory-mapped and checked: an eight-byte header length, a JSON header, then the data
/// (checkpoint specification, section 1.2). Content is not read here; only what is touched later is loaded by the system.
/// </summary>
public sealed unsafe class SafetensorsFile : IDisposable
{
    private readonly MemoryMappedFile mapping;
    private readonly MemoryMappedViewAccessor view;
    private readonly Dictionary<string, StoredTensor> tensors;
    private bool isDisposed;

    private SafetensorsFile(string path, MemoryMappedFile mapping, MemoryMappedViewAccessor view)
    {
        Path = path;
        this.mapping = mapping;
        this.view = view;
        tensors = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
    }

    /// <summary>Where the file lies.</summary>
    public string Path { get; }

    /// <summary>All tensors of the file.</summary>
    public IReadOnlyCollection<StoredTensor> Tensors => tensors.Values;

    /// <summary>Finds a tensor by name.</summary>
    public bool TryGet(string name, out StoredTensor tensor)
    {
        bool found = tensors.TryGetValue(name, out StoredTensor? value);
        tensor = value!;
        return found;
    }

    /// <summary>Maps a file and checks its header completely: every later access lies inside the file.</summary>
    /// <exception cref="CheckpointException">The file is missing, cut off or has a malformed header.</exception>
    public static SafetensorsFile Open(string path)
    {
        long length = LengthOf(path);
        if (length < 8) throw new CheckpointException(path, null, "at least the 8 bytes of a header length", $"a file of {length} bytes");

        MemoryMappedFile? mapping = null;
        MemoryMappedViewAccessor? view = null;
        bool isPointerHeld = false;
        try
        {
            mapping = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
            view = mapping.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
            byte* start = null;
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
            isPointerHeld = true;
            start += view.PointerOffset;

            var file = new SafetensorsFile(path, mapping, view);
            file.ReadHeader(start, length);
            return file;
        }
        catch (Exception exception)
        {
            if (isPointerHeld) view!.SafeMemoryMappedViewHandle.ReleasePointer();
            view?.Dispose();
            mapping?.Dispose();
            if (exception is IOException or UnauthorizedAccessException)
                throw new CheckpointException(path, null, "a readable file", exception.Message, "check the path and its permissions", exception);
            throw;
        }
    }

    /// <summary>Unmaps the file; the tensors' memory is gone afterwards.</summary>
    public void Dispose()
    {
        if (isDisposed) return;
        isDisposed = true;
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
        mapping.Dispose();
    }

    private static long LengthOf(string path)
    {
        try
        {
            return new FileInfo(path).Length;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CheckpointException(path, null, "a readable file", exception.Message, "check the path and its permissions", exception);
        }
    }

    private void ReadHeader(byte* start, long fileLength)
    {
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(start, 8));
        if (headerLength > (ulong)(fileLength - 8))
            throw new CheckpointException(Path, null, $"a header of at most {fileLength - 8} bytes, which is what the file has", $"a header length of {headerLength}");
        if (headerLength > SafetensorsHeader.MaxBytes)
            throw new CheckpointException(Path, null, $"a header of at most {SafetensorsHeader.MaxBytes} bytes", $"a header length of {headerLength}");

        long dataStart = 8 + (long)headerLength;
        var header = new ReadOnlySpan<byte>(start + 8, (int)headerLength);
        foreach (SafetensorsHeader.Entry entry in SafetensorsHeader.Parse(header, fileLength - dataStart, Path))
        {
            var tensor = new StoredTensor(entry.Name, entry.Type, entry.Shape, entry.End - entry.Begin, start + dataStart + entry.Begin, Path);
            tensors.Add(entry.Name, tensor);
        }
    }
}
