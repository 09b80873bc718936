using System.Text;
using System.Text.Json;

namespace Fathom.Checkpoints;

/// <summary>Writes model.safetensors.index.json: which shard has which tensor.</summary>
internal static class ShardIndex
{
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

        File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), Encoding.UTF8.GetString(memory.ToArray()));
    }
}
