using System.Buffers.Binary;

namespace Fathom.Checkpoints;

/// <summary>
/// A safetensors file, memory-mapped and checked: an eight-byte header length, a JSON header, then the data
/// (checkpoint specification, section 1.2). Content is not read here; only what is touched later is loaded by the system.
/// </summary>
public sealed unsafe class SafetensorsFile : ICheckpointFile
{
    private const int LengthBytes = 8;

    private readonly MappedFile mapped;
    private readonly Dictionary<string, StoredTensor> tensors = new(StringComparer.Ordinal);

    private SafetensorsFile(MappedFile mapped, long dataStart, List<SafetensorsHeader.Entry> entries)
    {
        this.mapped = mapped;
        foreach (SafetensorsHeader.Entry entry in entries)
            tensors.Add(entry.Name, new StoredTensor(entry.Name, entry.Type, entry.Shape, entry.End - entry.Begin, mapped.Start + dataStart + entry.Begin, Path, dataStart + entry.Begin));
    }

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
        // By calls: a page of the mapping that the disk cannot bring would end the process.
        using WeightFile file = WeightFile.Open(path, LengthBytes, "a header length");
        var start = new byte[LengthBytes];
        file.Read(0, start, null);
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(start);
        if (headerLength > (ulong)(file.Length - LengthBytes))
            throw new CheckpointException(path, null, $"a header of at most {file.Length - LengthBytes} bytes, which is what the file has", $"a header length of {headerLength}");
        if (headerLength > SafetensorsHeader.MaxBytes)
            throw new CheckpointException(path, null, $"a header of at most {SafetensorsHeader.MaxBytes} bytes", $"a header length of {headerLength}");

        var header = new byte[headerLength];
        file.Read(LengthBytes, header, null);
        long dataStart = LengthBytes + header.Length;
        List<SafetensorsHeader.Entry> entries = SafetensorsHeader.Parse(header, file.Length - dataStart, path);
        return new SafetensorsFile(MappedFile.Map(file), dataStart, entries);
    }

    /// <inheritdoc/>
    MappedFile? ICheckpointFile.Mapped => mapped;

    /// <summary>Unmaps the file; the tensors' memory is gone afterwards.</summary>
    public void Dispose() => mapped.Dispose();
}
