using System.Text.Json;

namespace Fathom.Checkpoints;

/// <summary>Opens the weight files of a folder: one model.safetensors, or the shards that an index names.</summary>
internal static class ShardSet
{
    private const string SingleFile = "model.safetensors";
    private const string IndexFile = "model.safetensors.index.json";
    private const int MaxIndexBytes = 256 << 20;
    private const int MaxShards = 10_000;

    /// <summary>Opens all files into <paramref name="files"/> (the caller disposes them, also after an error) and returns their tensors by name.</summary>
    public static Dictionary<string, StoredTensor> Open(string directory, List<SafetensorsFile> files)
    {
        string single = Path.Combine(directory, SingleFile), index = Path.Combine(directory, IndexFile);
        if (File.Exists(index)) return OpenShards(directory, index, files);
        if (!File.Exists(single))
        {
            throw new CheckpointException(
                directory, null, $"{SingleFile} or {IndexFile}", "neither", "the folder holds no weights in the official layout, check the path or fetch the files");
        }

        SafetensorsFile file = SafetensorsFile.Open(single);
        files.Add(file);
        return file.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    private static Dictionary<string, StoredTensor> OpenShards(string directory, string index, List<SafetensorsFile> files)
    {
        Dictionary<string, string> places = ReadIndex(index);
        var shards = new Dictionary<string, SafetensorsFile>(StringComparer.Ordinal);
        foreach (string shard in places.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            string path = Path.Combine(directory, shard);
            if (!File.Exists(path))
                throw new CheckpointException(index, null, $"the shard {shard} beside it", "no such file", "the download is incomplete, fetch the missing shard");
            SafetensorsFile file = SafetensorsFile.Open(path);
            files.Add(file);
            shards.Add(shard, file);
        }

        var tensors = new Dictionary<string, StoredTensor>(places.Count, StringComparer.Ordinal);
        foreach ((string name, string shard) in places)
        {
            if (!shards[shard].TryGet(name, out StoredTensor tensor))
                throw new CheckpointException(shards[shard].Path, name, "this tensor, which the index places here", "none");
            tensors.Add(name, tensor);
        }

        foreach (SafetensorsFile file in files)
        {
            foreach (StoredTensor tensor in file.Tensors)
            {
                if (!tensors.TryGetValue(tensor.Name, out StoredTensor? listed) || !ReferenceEquals(listed, tensor))
                    throw new CheckpointException(file.Path, tensor.Name, "only tensors that the index places here", "this one");
            }
        }

        return tensors;
    }

    private static Dictionary<string, string> ReadIndex(string path)
    {
        try
        {
            long length = new FileInfo(path).Length;
            if (length > MaxIndexBytes) throw new CheckpointException(path, null, $"an index of at most {MaxIndexBytes} bytes", $"{length} bytes");
            return ParseIndex(File.ReadAllBytes(path), path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, null, "a readable index", exception.Message, "check the file's permissions", exception);
        }
    }

    private static Dictionary<string, string> ParseIndex(byte[] json, string path)
    {
        var places = new Dictionary<string, string>(StringComparer.Ordinal);
        var shards = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 16 });
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("weight_map", out JsonElement map) || map.ValueKind != JsonValueKind.Object)
                throw new CheckpointException(path, "weight_map", "an object that maps tensors to shards", "none");
            foreach (JsonProperty place in map.EnumerateObject())
            {
                string? shard = place.Value.ValueKind == JsonValueKind.String ? place.Value.GetString() : null;
                if (shard is null || !IsPlainFileName(shard))
                    throw new CheckpointException(path, place.Name, "the plain file name of a shard in the same folder", shard ?? $"{place.Value.ValueKind}");
                if (!places.TryAdd(place.Name, shard)) throw new CheckpointException(path, place.Name, "each tensor once", "it twice");
                if (shards.Add(shard) && shards.Count > MaxShards) throw new CheckpointException(path, null, $"at most {MaxShards} shards", "more");
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new CheckpointException(path, null, "well-formed JSON", $"an error: {exception.Message}", inner: exception);
        }

        if (places.Count == 0) throw new CheckpointException(path, "weight_map", "at least one tensor", "none");
        return places;
    }

    // No separators, no parent folders, no drive letters: an index never leads out of its folder.
    private static bool IsPlainFileName(string name) =>
        name.Length is > 0 and <= 255
        && name.EndsWith(".safetensors", StringComparison.Ordinal)
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_')
        && name[0] != '.';
}
