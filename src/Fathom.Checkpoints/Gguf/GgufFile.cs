namespace Fathom.Checkpoints.Gguf;

/// <summary>
/// A GGUF file, memory-mapped and checked: metadata, descriptions of tensors, then the data (checkpoint specification,
/// section 4.1). Shapes are given outermost first, as everywhere in Fathom; the file lists them the other way round.
/// </summary>
public sealed unsafe class GgufFile : ICheckpointFile
{
    private const uint Magic = 0x46554747;
    private const ulong MostTensors = 1 << 18;
    private const ulong MostKeys = 1 << 16;
    private const int MostDimensions = 4;
    private const long MostValueBytes = 16 << 20;
    private const long DefaultAlignment = 32;
    private const long MostAlignment = 1 << 20;
    private const int HeaderBytes = 24;

    private readonly MappedFile mapped;
    private readonly Dictionary<string, object> metadata = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (uint Type, long Start, long End)> valuePlaces = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StoredTensor> tensors = new(StringComparer.Ordinal);

    private GgufFile(WeightFile file)
    {
        Path = file.Path;
        long dataStart = ReadHeader(file, out var places);
        mapped = MappedFile.Map(file);
        foreach ((string name, StoredType type, long[] shape, long bytes, ulong offset) in places)
            tensors.Add(name, new StoredTensor(name, type, shape, bytes, mapped.Start + dataStart + (long)offset, Path, dataStart + (long)offset));
    }

    /// <summary>Where the file lies.</summary>
    public string Path { get; }

    /// <summary>Metadata by key: long, double, bool, string, or an array of one of them.</summary>
    public IReadOnlyDictionary<string, object> Metadata => metadata;

    /// <summary>All tensors by their names in the file.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors => tensors;

    /// <summary>Maps a file and checks its header completely: every later access lies inside the file.</summary>
    /// <exception cref="CheckpointException">The file is missing, cut off, malformed, or holds formats that are not known here.</exception>
    public static GgufFile Open(string path)
    {
        // By calls: a page of the mapping that the disk cannot bring would end the process.
        using WeightFile file = WeightFile.Open(path, HeaderBytes, "a GGUF header");
        return new GgufFile(file);
    }

    /// <summary>A value of metadata in the bytes of the file; null when it has more than 16 MiB.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="files">Reads the file.</param>
    /// <exception cref="CheckpointException">It cannot be read any more.</exception>
    internal GgufValue? ValueOf(string key, WeightFiles files)
    {
        (uint type, long start, long end) = valuePlaces[key];
        if (end - start > MostValueBytes) return null;
        var bytes = new byte[end - start];
        files.Read(Path, start, bytes, key);
        return new GgufValue(type, bytes, metadata[key] as string);
    }

    /// <inheritdoc/>
    MappedFile? ICheckpointFile.Mapped => mapped;

    /// <summary>Unmaps the file; the tensors' memory is gone afterwards.</summary>
    public void Dispose() => mapped.Dispose();

    // Gives back where the data begin.
    private long ReadHeader(WeightFile file, out List<(string Name, StoredType Type, long[] Shape, long Bytes, ulong Offset)> places)
    {
        var reader = new GgufReader(file);
        if (reader.UInt32("magic") != Magic) throw new CheckpointException(Path, null, "the letters GGUF at the beginning", "others", "the file is no GGUF file");
        uint version = reader.UInt32("version");
        if (version is not (2 or 3)) throw new CheckpointException(Path, "version", "2 or 3", $"{version}", "the file is of another time, or written on a big-endian machine");
        ulong tensorCount = reader.UInt64("tensor count"), keyCount = reader.UInt64("key count");
        if (tensorCount > MostTensors) throw new CheckpointException(Path, "tensor count", $"at most {MostTensors}", $"{tensorCount}");
        if (keyCount > MostKeys) throw new CheckpointException(Path, "key count", $"at most {MostKeys}", $"{keyCount}");
        for (ulong i = 0; i < keyCount; i++)
        {
            string key = reader.Text("a key");
            uint type = reader.UInt32(key);
            long start = reader.Position;
            if (!metadata.TryAdd(key, reader.Value(type, key))) throw new CheckpointException(Path, key, "each key once", "it twice");
            valuePlaces.Add(key, (type, start, reader.Position));
        }

        long alignment = Alignment();
        places = [];
        for (ulong i = 0; i < tensorCount; i++) places.Add(Place(reader, alignment));
        long dataStart = (reader.Position + alignment - 1) / alignment * alignment;
        CheckPlaces(places, file.Length - dataStart);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string name, _, _, _, _) in places)
        {
            if (!names.Add(name)) throw new CheckpointException(Path, name, "each tensor once", "it twice");
        }

        return dataStart;
    }

    private long Alignment()
    {
        if (!metadata.TryGetValue("general.alignment", out object? value)) return DefaultAlignment;
        return value is long alignment and > 0 and <= MostAlignment
            ? alignment
            : throw new CheckpointException(Path, "general.alignment", $"a number from 1 to {MostAlignment}", $"{value}");
    }

    private (string Name, StoredType Type, long[] Shape, long Bytes, ulong Offset) Place(GgufReader reader, long alignment)
    {
        string name = reader.Text("a tensor's name");
        uint dimensions = reader.UInt32(name);
        if (dimensions is 0 or > MostDimensions) throw new CheckpointException(Path, name, $"1 to {MostDimensions} dimensions", $"{dimensions}");
        var shape = new long[dimensions];
        for (int i = shape.Length - 1; i >= 0; i--) shape[i] = reader.UInt64(name) is var dimension && dimension <= long.MaxValue ? (long)dimension : -1;
        uint id = reader.UInt32(name);
        if (!StoredTypes.TryFromGgml(id, out StoredType type))
            throw new CheckpointException(Path, name, $"a format that Fathom reads ({string.Join(", ", StoredTypes.GgufNames)})", $"ggml type {id}", "choose a file in one of these formats");
        ulong offset = reader.UInt64(name);
        long bytes = StoredTypes.BytesOf(type, shape);
        if (bytes < 0) throw new CheckpointException(Path, name, $"a shape of whole blocks of {StoredTypes.NameOf(type)} that fits into memory", $"[{string.Join(", ", shape)}]");
        if (offset % (ulong)alignment != 0) throw new CheckpointException(Path, name, $"data at a multiple of {alignment}", $"at {offset}");
        return (name, type, shape, bytes, offset);
    }

    private void CheckPlaces(List<(string Name, StoredType Type, long[] Shape, long Bytes, ulong Offset)> places, long dataBytes)
    {
        ulong end = 0;
        string before = string.Empty;
        foreach ((string name, _, _, long bytes, ulong offset) in places.OrderBy(place => place.Offset).ThenBy(place => place.Bytes))
        {
            if (offset < end) throw new CheckpointException(Path, name, $"data after byte {end}, where '{before}' ends", $"data from byte {offset} on, which overlaps");
            if (dataBytes < 0 || offset > (ulong)dataBytes || (ulong)bytes > (ulong)dataBytes - offset)
                throw new CheckpointException(Path, name, $"data up to byte {offset + (ulong)bytes}", $"{Math.Max(0, dataBytes)} bytes of data", "the file is cut off, fetch it again");
            (end, before) = (offset + (ulong)bytes, name);
        }
    }
}
