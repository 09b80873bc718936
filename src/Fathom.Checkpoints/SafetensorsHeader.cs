using System.Text.Json;

namespace Fathom.Checkpoints;

/// <summary>
/// Reads the JSON header of a safetensors file and checks everything it says: known formats, shapes that fit their
/// bytes, no overlap, no gap, nothing outside the data.
/// </summary>
internal static class SafetensorsHeader
{
    /// <summary>The largest header that is read. The official shards have up to 0.3 MB; 128 MiB leaves room for anything sensible.</summary>
    public const int MaxBytes = 128 << 20;

    private const int MaxDimensions = 8;

    /// <summary>One tensor as the header describes it; offsets count from the start of the data.</summary>
    public sealed record Entry(string Name, StoredType Type, long[] Shape, long Begin, long End);

    /// <summary>All entries in the order of their data.</summary>
    /// <param name="json">The header.</param>
    /// <param name="dataBytes">Bytes of the file after the header.</param>
    /// <param name="file">The file's path, for messages.</param>
    public static List<Entry> Parse(ReadOnlySpan<byte> json, long dataBytes, string file)
    {
        var entries = new List<Entry>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 8 });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                throw new CheckpointException(file, null, "a JSON object as header", "something else");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string name = reader.GetString()!;
                reader.Read();
                if (!names.Add(name)) throw new CheckpointException(file, name, "each tensor once in the header", "it twice");
                if (name == "__metadata__") reader.Skip();
                else entries.Add(ReadEntry(ref reader, name, file));
            }

            if (reader.Read()) throw new CheckpointException(file, null, "nothing after the header's JSON object", "more JSON");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new CheckpointException(file, null, "a header of well-formed JSON", $"an error: {exception.Message}", inner: exception);
        }

        CheckPlaces(entries, dataBytes, file);
        return entries;
    }

    private static Entry ReadEntry(ref Utf8JsonReader reader, string name, string file)
    {
        if (reader.TokenType != JsonTokenType.StartObject) throw new CheckpointException(file, name, "an object with dtype, shape and data_offsets", $"{reader.TokenType}");
        string? typeName = null;
        long[]? shape = null, offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            switch (key)
            {
                case "dtype" when reader.TokenType == JsonTokenType.String: typeName = reader.GetString(); break;
                case "shape": shape = ReadIntegers(ref reader, name, "shape", MaxDimensions, file); break;
                case "data_offsets": offsets = ReadIntegers(ref reader, name, "data_offsets", 2, file); break;
                default: throw new CheckpointException(file, name, "dtype (a string), shape and data_offsets", $"'{key}' ({reader.TokenType})");
            }
        }

        if (typeName is null || shape is null || offsets is not { Length: 2 })
            throw new CheckpointException(file, name, "dtype, shape and two data_offsets", "an entry without all of them");
        if (!StoredTypes.TryParse(typeName, out StoredType type))
            throw new CheckpointException(file, name, "a dtype that V4 checkpoints use (F32, F16, BF16, F8_E4M3, F8_E8M0, I8, U8, F4, I32, I64)", typeName);
        long bytes = StoredTypes.BytesOf(type, shape);
        string shown = $"{typeName} [{string.Join(", ", shape)}]";
        if (bytes < 0) throw new CheckpointException(file, name, "a shape of non-negative dimensions that fits into memory", shown);
        if (offsets[0] < 0 || offsets[1] < offsets[0])
            throw new CheckpointException(file, name, "data_offsets that rise from 0", $"[{offsets[0]}, {offsets[1]}]");
        if (offsets[1] - offsets[0] != bytes)
            throw new CheckpointException(file, name, $"{bytes} bytes for {shown}", $"data_offsets [{offsets[0]}, {offsets[1]}], which are {offsets[1] - offsets[0]} bytes");
        return new Entry(name, type, shape, offsets[0], offsets[1]);
    }

    private static long[] ReadIntegers(ref Utf8JsonReader reader, string name, string key, int most, string file)
    {
        if (reader.TokenType != JsonTokenType.StartArray) throw new CheckpointException(file, name, $"an array as {key}", $"{reader.TokenType}");
        var values = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long value) || values.Count == most)
                throw new CheckpointException(file, name, $"at most {most} whole numbers of 64 bits in {key}", "something else");
            values.Add(value);
        }

        return [.. values];
    }

    private static void CheckPlaces(List<Entry> entries, long dataBytes, string file)
    {
        entries.Sort((a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        long end = 0;
        string? before = null;
        foreach (Entry entry in entries)
        {
            if (entry.End > dataBytes)
            {
                throw new CheckpointException(
                    file, entry.Name, $"data up to byte {entry.End}", $"{dataBytes} bytes of data", "the file is cut off, fetch it again");
            }

            if (entry.Begin < end) throw new CheckpointException(file, entry.Name, $"data after byte {end}, where '{before}' ends", $"data from byte {entry.Begin} on, which overlaps");
            if (entry.Begin > end) throw new CheckpointException(file, entry.Name, $"data from byte {end} on, without a gap", $"data from byte {entry.Begin} on");
            (end, before) = (entry.End, entry.Name);
        }

        if (end != dataBytes) throw new CheckpointException(file, null, $"{end} bytes of data, as the header lists", $"{dataBytes} bytes");
    }
}
