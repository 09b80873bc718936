using System.Text;
using System.Text.Json.Nodes;
using CsCheck;

namespace Fathom.Checkpoints.Tests;

/// <summary>Thousands of damaged files: one clear error or a correct load; never a crash, a hang or a huge allocation.</summary>
public sealed class HostileFileTests : IDisposable
{
    private static readonly string[] Values = ["null", "true", "0", "-1", "1.5", "1e308", "9223372036854775807", "-9223372036854775808", "18446744073709551616", "\"\"", "\"F32\"", "[]", "[0]", "[-1,5]", "[1e20,2]", "{}", "{\"x\":[]}", "\"\\u0000\\uD800\""];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Headers_with_random_damage() =>
        Gen.Select(Gen.Int[0, 1_000].Array[1, 4], Gen.Byte.Array[4], Gen.Int[0, 4]).Sample(
            (places, values, kind) => OpenOrRefuse("random.safetensors", Mutations.Damage(SmallFile.Build(SmallFile.SoundHeader), places, values, kind)),
            iter: 2_000,
            threads: 1);

    [Fact]
    public void Headers_with_values_of_the_wrong_kind()
    {
        string[] paths = ["a", "a.dtype", "a.shape", "a.shape.0", "a.data_offsets", "a.data_offsets.0", "a.data_offsets.1", "b.data_offsets.0", "d.shape", "__metadata__", "__metadata__.format"];
        foreach (string path in paths)
        {
            foreach (string value in Values) OpenOrRefuse("kind.safetensors", SmallFile.Build(With(SmallFile.SoundHeader, path, value)));
        }
    }

    [Fact]
    public void Headers_of_whole_checkpoints_with_random_damage()
    {
        // The file is patched in place and mended afterwards: its data need not be written again.
        string path = folder["model.safetensors"];
        File.Copy(Repository.Golden("model", "tiny-fp4", "model.safetensors"), path);
        File.Copy(Repository.Golden("model", "tiny-fp4", "config.json"), folder["config.json"]);
        int headerBytes = (int)BitConverter.ToInt64(File.ReadAllBytes(path).AsSpan(0, 8)) + 8;
        Gen.Select(Gen.Int[0, headerBytes - 1], Gen.Byte).Sample(
            (place, value) =>
            {
                byte before = Mutations.Exchange(path, place, value);
                Mutations.ClearlyOrWell(() => Checkpoint.Open(folder.Path).Dispose());
                Mutations.Exchange(path, place, before);
            },
            iter: 400,
            threads: 1);
    }

    [Fact]
    public void Configs_with_values_of_the_wrong_kind()
    {
        string sound = File.ReadAllText(Repository.Golden("configs", "flash.json"));
        foreach ((string key, JsonNode? _) in JsonNode.Parse(sound)!.AsObject())
        {
            foreach (string value in Values) ReadConfig(Encoding.UTF8.GetBytes(With(sound, key, value)));
        }
    }

    [Fact]
    public void Configs_with_random_damage()
    {
        byte[] sound = File.ReadAllBytes(Repository.Golden("configs", "flash.json"));
        Gen.Select(Gen.Int[0, sound.Length - 1].Array[1, 4], Gen.Byte.Array[4], Gen.Int[0, 4]).Sample(
            (places, values, kind) => ReadConfig(Mutations.Damage([.. sound], places, values, kind)),
            iter: 1_000);
    }

    [Fact]
    public void Indices_with_random_damage()
    {
        File.Copy(Repository.Golden("model", "tiny-fp4", "model.safetensors"), folder["model-00001-of-00001.safetensors"]);
        File.Copy(Repository.Golden("model", "tiny-fp4", "config.json"), folder["config.json"]);
        var map = new JsonObject();
        using (SafetensorsFile file = SafetensorsFile.Open(folder["model-00001-of-00001.safetensors"]))
        {
            foreach (StoredTensor tensor in file.Tensors) map[tensor.Name] = "model-00001-of-00001.safetensors";
        }

        byte[] sound = Encoding.UTF8.GetBytes(new JsonObject { ["weight_map"] = map }.ToJsonString());
        Gen.Select(Gen.Int[0, sound.Length - 1].Array[1, 4], Gen.Byte.Array[4], Gen.Int[0, 4]).Sample(
            (places, values, kind) =>
            {
                File.WriteAllBytes(folder["model.safetensors.index.json"], Mutations.Damage([.. sound], places, values, kind));
                Mutations.ClearlyOrWell(() => Checkpoint.Open(folder.Path).Dispose());
            },
            iter: 400,
            threads: 1);
        foreach (string value in Values)
        {
            File.WriteAllText(folder["model.safetensors.index.json"], With("""{"weight_map":{}}""", "weight_map", value));
            Mutations.ClearlyOrWell(() => Checkpoint.Open(folder.Path).Dispose());
        }
    }

    private void OpenOrRefuse(string name, byte[] bytes)
    {
        File.WriteAllBytes(folder[name], bytes);
        Mutations.ClearlyOrWell(() => SmallFile.ReadAll(folder[name]));
    }

    // Counting the largest model that a config may describe makes many short-lived objects.
    private static void ReadConfig(byte[] json) => Mutations.ClearlyOrWell(
        () =>
        {
            var summary = new ModelSummary(V4Config.Parse(json, "config.json"));
            Assert.True(summary.TotalBytes != 0);
        },
        8 * Mutations.MostBytesAllocated);

    // Text goes in as it is, because JsonNode would refuse some of it.
    private static string With(string json, string path, string value)
    {
        const string Mark = "\"@@mark@@\"";
        JsonNode root = JsonNode.Parse(json)!;
        JsonNode node = root;
        string[] steps = path.Split('.');
        foreach (string step in steps[..^1]) node = int.TryParse(step, out int index) ? node[index]! : node[step]!;
        if (int.TryParse(steps[^1], out int last)) node[last] = "@@mark@@";
        else node[steps[^1]] = "@@mark@@";
        return root.ToJsonString().Replace(Mark, value, StringComparison.Ordinal);
    }
}
