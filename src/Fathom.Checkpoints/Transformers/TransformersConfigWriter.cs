using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Fathom.Checkpoints.Transformers;

/// <summary>Brings a config.json from the official keys to those of the transformers library, and back; keys that both have stay as they are.</summary>
internal static class TransformersConfigWriter
{
    private static readonly string[] Official = ["compress_ratios", "num_hash_layers", "rope_scaling", "torch_dtype"];
    private static readonly string[] Transformers = ["layer_types", "compress_rates", "mlp_layer_types", "partial_rotary_factor", "rope_parameters", "compress_rope_parameters", "dtype"];

    /// <summary>The text of the config for a folder of some naming, which has no MTP block.</summary>
    /// <param name="source">The config that is there, an object with keys of either kind.</param>
    /// <param name="config">What it says.</param>
    /// <param name="naming">Which kind of keys is wanted.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <exception cref="CheckpointException">The library's keys cannot say what it says.</exception>
    public static string Write(ReadOnlyMemory<byte> source, V4Config config, TensorNaming naming, string file)
    {
        using JsonDocument document = JsonDocument.Parse(source, new JsonDocumentOptions { MaxDepth = 32 });
        var kept = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (JsonProperty property in document.RootElement.EnumerateObject()) kept[property.Name] = property.Value;
        bool isOfficial = naming == TensorNaming.Official;
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n" }))
        {
            json.WriteStartObject();
            foreach ((string key, JsonElement value) in kept)
            {
                if (Official.Contains(key) || Transformers.Contains(key) || Replaced(key, config) is not null) continue;
                json.WritePropertyName(key);
                value.WriteTo(json);
            }

            foreach (string key in (string[])["num_nextn_predict_layers", "qk_rope_head_dim", "rope_theta", "compress_rope_theta"]) json.WriteNumber(key, Replaced(key, config)!.Value);
            if (kept.TryGetValue("dtype", out JsonElement type) || kept.TryGetValue("torch_dtype", out type))
            {
                json.WritePropertyName(isOfficial ? "torch_dtype" : "dtype");
                type.WriteTo(json);
            }

            if (isOfficial) WriteOfficial(json, config);
            else WriteTransformers(json, config, file);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    // Keys that both kinds have, and one of them may leave out.
    private static float? Replaced(string key, V4Config config) => key switch
    {
        "num_nextn_predict_layers" => 0,
        "qk_rope_head_dim" => config.RotaryDim,
        "rope_theta" => config.RopeTheta,
        "compress_rope_theta" => config.CompressRopeTheta,
        _ => null,
    };

    private static void WriteOfficial(Utf8JsonWriter json, V4Config config)
    {
        json.WriteNumber("num_hash_layers", config.HashLayerCount);
        json.WriteStartArray("compress_ratios");
        for (int layer = 0; layer < config.LayerCount; layer++) json.WriteNumberValue(config.RatioOf(layer));
        json.WriteEndArray();
        if (!HasYarn(config)) return;
        json.WriteStartObject("rope_scaling");
        json.WriteString("type", "yarn");
        WriteScaling(json, config);
        json.WriteEndObject();
    }

    private static void WriteTransformers(Utf8JsonWriter json, V4Config config, string file)
    {
        int[] rates = [.. Enumerable.Range(0, config.LayerCount).Where(layer => config.KindOf(layer) == LayerKind.Hca).Select(config.RatioOf).Distinct()];
        if (rates.Length > 1)
            throw new CheckpointException(file, "compress_ratios", "one ratio in all heavily compressed layers, because transformers' config has one", string.Join(" and ", rates), "keep the official names");
        json.WriteStartArray("layer_types");
        for (int layer = 0; layer < config.LayerCount; layer++)
            json.WriteStringValue(config.KindOf(layer) switch { LayerKind.Window => TransformersConfig.Window, LayerKind.Csa => TransformersConfig.Csa, _ => TransformersConfig.Hca });
        json.WriteEndArray();
        json.WriteStartObject("compress_rates");
        json.WriteNumber(TransformersConfig.Csa, V4Config.CsaRatio);
        json.WriteNumber(TransformersConfig.Hca, rates is [int rate] ? rate : TransformersConfig.UsualHcaRatio);
        json.WriteEndObject();
        json.WriteStartArray("mlp_layer_types");
        for (int layer = 0; layer < config.LayerCount; layer++) json.WriteStringValue(config.IsHashLayer(layer) ? "hash_moe" : "moe");
        json.WriteEndArray();
        double share = (double)config.RotaryDim / config.HeadDim;
        json.WriteNumber("partial_rotary_factor", share);
        json.WriteStartObject("rope_parameters");
        json.WriteStartObject("main");
        json.WriteString("rope_type", "default");
        json.WriteNumber("rope_theta", config.RopeTheta);
        json.WriteNumber("partial_rotary_factor", share);
        json.WriteEndObject();
        json.WriteStartObject("compress");
        json.WriteString("rope_type", HasYarn(config) ? "yarn" : "default");
        json.WriteNumber("rope_theta", config.CompressRopeTheta);
        json.WriteNumber("partial_rotary_factor", share);
        if (HasYarn(config))
        {
            WriteScaling(json, config);
            json.WritePropertyName("attention_factor");
            json.WriteRawValue("1.0"); // The library warns of whole numbers here.
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteScaling(Utf8JsonWriter json, V4Config config)
    {
        json.WriteNumber("factor", config.YarnFactor);
        json.WriteNumber("original_max_position_embeddings", config.YarnOriginalPositions);
        json.WriteNumber("beta_fast", config.YarnBetaFast);
        json.WriteNumber("beta_slow", config.YarnBetaSlow);
    }

    private static bool HasYarn(V4Config config) => config.YarnFactor != 1 || config.YarnOriginalPositions != 1;
}
