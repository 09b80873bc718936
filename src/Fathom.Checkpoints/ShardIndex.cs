using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Fathom.Checkpoints;

/// <summary>How tensors are spread over files: their shards, and model.safetensors.index.json, which says which shard has which tensor.</summary>
internal static class ShardIndex
{
    /// <summary>Bytes of a shard where nobody says otherwise.</summary>
    public const long UsualShardBytes = 4L << 30;

    /// <summary>The name of a shard.</summary>
    public static string NameOf(int index, int count) => count == 1 ? "model.safetensors" : string.Create(CultureInfo.InvariantCulture, $"model-{index + 1:d5}-of-{count:d5}.safetensors");

    /// <summary>Spreads tensors over shards, in their order; a tensor larger than a shard has one of its own.</summary>
    /// <param name="tensors">The tensors.</param>
    /// <param name="bytesOf">Bytes of one.</param>
    /// <param name="mostBytes">Bytes of a shard.</param>
    public static List<List<T>> Split<T>(IEnumerable<T> tensors, Func<T, long> bytesOf, long mostBytes = UsualShardBytes)
    {
        var shards = new List<List<T>> { new() };
        long bytes = 0;
        foreach (T tensor in tensors)
        {
            if (bytes > 0 && bytes + bytesOf(tensor) > mostBytes)
            {
                shards.Add([]);
                bytes = 0;
            }

            shards[^1].Add(tensor);
            bytes += bytesOf(tensor);
        }

        return shards;
    }

    /// <summary>Writes the index into the folder of the shards.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="places">The shard's name for each tensor.</param>
    /// <param name="total">Bytes of all tensors.</param>
    public static void Write(string folder, SortedDictionary<string, string> places, long total)
    {
        using var memory = new MemoryStream();
        using (var json = new Utf8JsonWriter(memory, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteStartObject("metadata");
            json.WriteNumber("total_size", total);
            json.WriteEndObject();
            json.WriteStartObject("weight_map");
            foreach ((string tensor, string shard) in places) json.WriteString(tensor, shard);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        AtomicFile.Write(Path.Combine(folder, "model.safetensors.index.json"), Encoding.UTF8.GetString(memory.ToArray()));
    }
}
