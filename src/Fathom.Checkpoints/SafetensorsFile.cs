using System.Buffers.Binary;

namespace Fathom.Checkpoints;

/// <summary>
/// A safetensors file, memory-mapped and checked: an eight-byte header length, a JSON header, then the data
/// (checkpoint specification, section 1.2). Content is not read here; only what is touched later is loaded by the system.
/// </summary>
public sealed unsafe class SafetensorsFile : ICheckpointFile
{
    private readonly MappedFile mapped;
    private readonly Dictionary<string, StoredTensor> tensors = new(StringComparer.Ordinal);

    private SafetensorsFile(MappedFile mapped) => this.mapped = mapped;

    /// <summary>Where the file lies.</summary>
    public string Path => mapped.Path;

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
        MappedFile mapped = MappedFile.Open(path, 8, "a header length");
        try
        {
            var file = new SafetensorsFile(mapped);
            file.ReadHeader();
            return file;
        }
        catch
        {
            mapped.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    void ICheckpointFile.Forget() => mapped.Forget();

    /// <summary>Unmaps the file; the tensors' memory is gone afterwards.</summary>
    public void Dispose() => mapped.Dispose();

    private void ReadHeader()
    {
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(mapped.Start, 8));
        if (headerLength > (ulong)(mapped.Length - 8))
            throw new CheckpointException(Path, null, $"a header of at most {mapped.Length - 8} bytes, which is what the file has", $"a header length of {headerLength}");
        if (headerLength > SafetensorsHeader.MaxBytes)
            throw new CheckpointException(Path, null, $"a header of at most {SafetensorsHeader.MaxBytes} bytes", $"a header length of {headerLength}");

        long dataStart = 8 + (long)headerLength;
        var header = new ReadOnlySpan<byte>(mapped.Start + 8, (int)headerLength);
        foreach (SafetensorsHeader.Entry entry in SafetensorsHeader.Parse(header, mapped.Length - dataStart, Path))
        {
            var tensor = new StoredTensor(entry.Name, entry.Type, entry.Shape, entry.End - entry.Begin, mapped.Start + dataStart + entry.Begin, Path, dataStart + entry.Begin);
            tensors.Add(entry.Name, tensor);
        }
    }
}
