using System.Text.Json;

namespace Fathom.Checkpoints.Transformers;

/// <summary>
/// Reads what a config.json says that the transformers library wrote: it names the kinds of layers where the official file has numbers, and keeps
/// both rotations in one object. Official keys that are missing are derived; those that are there count, and must agree.
/// </summary>
internal sealed class TransformersConfig
{
    internal const string Window = "sliding_attention", Csa = "compressed_sparse_attention", Hca = "heavily_compressed_attention";
    internal const int UsualHcaRatio = 128;

    // Above every layer count that is read, so that what is too long is refused by name.
    private const int MostLayers = 4096;

    private static readonly string[] Scaling = ["factor", "original_max_position_embeddings", "beta_fast", "beta_slow"];

    private readonly JsonElement root;
    private readonly string file;
    private readonly Dictionary<string, object> derived = new(StringComparer.Ordinal);

    private TransformersConfig(JsonElement root, string file)
    {
        this.root = root;
        this.file = file;
    }

    /// <summary>The config with the official keys that it lacks; null when it lacks none that can be derived.</summary>
    /// <param name="root">The config, an object.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <exception cref="CheckpointException">A key of the library's is malformed or contradicts an official one.</exception>
    public static byte[]? WithOfficialKeys(JsonElement root, string file)
    {
        var config = new TransformersConfig(root, file);
        config.ReadLayers();
        config.ReadRotation();
        if (config.derived.Count == 0) return null;
        var all = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach (JsonProperty property in root.EnumerateObject()) all[property.Name] = property.Value;
        foreach ((string key, object value) in config.derived) all[key] = value;
        return JsonSerializer.SerializeToUtf8Bytes(all);
    }

    private void ReadLayers()
    {
        if (Find(root, "layer_types") is { } types)
        {
            int csa = Rate(Csa, V4Config.CsaRatio), hca = Rate(Hca, UsualHcaRatio);
            if (csa != V4Config.CsaRatio) throw Wrong($"compress_rates.{Csa}", $"{V4Config.CsaRatio}, the only rate that V4 has an indexer for", $"{csa}");
            int[] ratios = Array.ConvertAll(Texts(types, "layer_types"), type => type switch
            {
                Window => 0,
                Csa => csa,
                Hca => hca,
                _ => throw Wrong("layer_types", $"{Window}, {Csa} or {Hca}", type),
            });
            if (Find(root, "compress_ratios") is not { } official) derived["compress_ratios"] = ratios;
            else CheckRatios(official, ratios);
        }

        if (Find(root, "mlp_layer_types") is { } kinds)
        {
            bool[] hashes = Array.ConvertAll(Texts(kinds, "mlp_layer_types"), kind => kind switch
            {
                "hash_moe" or "hash" => true,
                "moe" or "score" => false,
                _ => throw Wrong("mlp_layer_types", "hash_moe or moe", kind),
            });
            int count = hashes.TakeWhile(isHash => isHash).Count();
            if (hashes.Skip(count).Contains(true)) throw Wrong("mlp_layer_types", "hash_moe in the first layers only", $"it after {count} of them");
            Derive(root, "num_hash_layers", count, "mlp_layer_types");
        }
    }

    private void ReadRotation()
    {
        // The library's first versions kept the rotation of compressed layers beside the other's, or had one flat object for both.
        JsonElement? both = Object(root, "rope_parameters"), beside = Object(root, "compress_rope_parameters");
        bool isNested = both is { } parent && Find(parent, "main") is not null, isShared = !isNested && beside is null;
        (string mainKey, string compressedKey) = isNested ? ("rope_parameters.main", "rope_parameters.compress") : ("rope_parameters", isShared ? "rope_parameters" : "compress_rope_parameters");
        JsonElement? main = isNested ? Object(both!.Value, "main") : both, compressed = isNested ? Object(both!.Value, "compress") : beside ?? both;
        double? factor = Number(root, "partial_rotary_factor") ?? (main is { } rotation ? Number(rotation, "partial_rotary_factor") : null);
        if (factor is { } share && Number(root, "head_dim") is { } width && share is > 0 and <= 1 && width is > 0 and < 1 << 20)
            Derive(root, "qk_rope_head_dim", Math.Round(width * share), "partial_rotary_factor");
        if (main is { } window && Number(window, "rope_theta") is { } theta && !(isShared && Find(root, "rope_theta") is not null)) Derive(root, "rope_theta", theta, mainKey + ".rope_theta");
        if (compressed is not { } scaled) return;
        if (!isShared && Number(scaled, "rope_theta") is { } other) Derive(root, "compress_rope_theta", other, compressedKey + ".rope_theta");
        ReadScaling(scaled, compressedKey);
    }

    private void ReadScaling(JsonElement rotation, string key)
    {
        string type = (Find(rotation, "rope_type") ?? Find(rotation, "type")) is { ValueKind: JsonValueKind.String } text ? text.GetString()! : "default";
        JsonElement? official = Object(root, "rope_scaling");
        if (type == "default")
        {
            if (official is not null) throw Wrong($"{key}.rope_type", "yarn, because rope_scaling says so", type);
            return;
        }

        if (type != "yarn") throw Wrong($"{key}.rope_type", "yarn or default", type);
        if (Number(rotation, "attention_factor") is { } attention and not 1) throw Wrong($"{key}.attention_factor", "1, because V4 does not scale its attention", Shown(attention));
        if (official is { } there)
        {
            foreach (string name in Scaling)
            {
                if (Number(rotation, name) is { } mine && Number(there, name) is { } theirs && mine != theirs) throw Contradiction($"{key}.{name}", $"rope_scaling.{name}", Shown(theirs), Shown(mine));
            }

            return;
        }

        var scaling = new Dictionary<string, object>(StringComparer.Ordinal) { ["type"] = type };
        foreach (string name in Scaling)
        {
            if (Find(rotation, name) is { } value) scaling[name] = value;
        }

        derived["rope_scaling"] = scaling;
    }

    private void CheckRatios(JsonElement official, int[] ratios)
    {
        if (official.ValueKind != JsonValueKind.Array || official.GetArrayLength() < ratios.Length) return;
        for (int layer = 0; layer < ratios.Length; layer++)
        {
            if (official[layer].ValueKind == JsonValueKind.Number && official[layer].TryGetInt32(out int ratio) && ratio != ratios[layer])
                throw Contradiction($"layer_types[{layer}]", $"compress_ratios[{layer}]", $"{ratio}", $"a kind of layer with {ratios[layer]}");
        }
    }

    // Numbers of a config may be written in several ways: 10000 is 10000.0.
    private void Derive(JsonElement parent, string key, double value, string from)
    {
        if (Find(parent, key) is null) derived[key] = value == Math.Floor(value) && Math.Abs(value) < 1e15 ? (long)value : value;
        else if (Number(parent, key) is { } official && official != value) throw Contradiction(from, key, Shown(official), Shown(value));
    }

    private int Rate(string kind, int usual)
    {
        if (Object(root, "compress_rates") is not { } rates || Find(rates, kind) is not { } rate) return usual;
        return rate.ValueKind == JsonValueKind.Number && rate.TryGetInt32(out int value) && value > 0 ? value : throw Wrong($"compress_rates.{kind}", "a whole number above 0", Clip(rate));
    }

    private string[] Texts(JsonElement array, string key)
    {
        if (array.ValueKind != JsonValueKind.Array) throw Wrong(key, "an array", Clip(array));
        if (array.GetArrayLength() > MostLayers) throw Wrong(key, $"at most {MostLayers} entries", $"{array.GetArrayLength()}");
        if (Number(root, "num_hidden_layers") is { } layers && layers != array.GetArrayLength()) throw Wrong(key, $"one entry for each of the {Shown(layers)} layers", $"{array.GetArrayLength()}");
        return [.. array.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String ? item.GetString()! : throw Wrong(key, "strings", Clip(item)))];
    }

    private JsonElement? Object(JsonElement parent, string key) =>
        Find(parent, key) is not { } value ? null : value.ValueKind == JsonValueKind.Object ? value : throw Wrong(key, "an object", Clip(value));

    private static JsonElement? Find(JsonElement parent, string key) => parent.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static double? Number(JsonElement parent, string key) =>
        Find(parent, key) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out double number) && double.IsFinite(number) ? number : null;

    private static string Shown(double value) => value.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static string Clip(JsonElement found) => found.GetRawText() is { Length: > 60 } text ? text[..60] + "…" : found.GetRawText();

    private CheckpointException Wrong(string key, string expected, string found) =>
        new(file, key, expected, found, "the config is not one of a DeepSeek V4 model, fetch it again");

    private CheckpointException Contradiction(string key, string official, string expected, string found) =>
        new(file, key, $"what {official} says, {expected}", found, "one of the two keys was changed; fetch the config again, or take the wrong key out");
}
