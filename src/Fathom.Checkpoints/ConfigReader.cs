using System.Numerics;
using System.Text.Json;
using Fathom.Checkpoints.Transformers;

namespace Fathom.Checkpoints;

/// <summary>Reads config.json value by value; every complaint names the key, what was expected and what was found.</summary>
internal sealed class ConfigReader
{
    // Above every released model by a wide margin, and low enough that products of any three fit into 64 bits.
    private const int MostWidth = 1 << 20;

    private readonly JsonElement root;
    private readonly string file;

    private ConfigReader(JsonElement root, string file)
    {
        this.root = root;
        this.file = file;
    }

    public static V4Config Parse(ReadOnlyMemory<byte> json, string file)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 32 });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new CheckpointException(file, null, "a JSON object", $"{document.RootElement.ValueKind}");

            // The second time nothing is missing any more that could be derived.
            return TransformersConfig.WithOfficialKeys(document.RootElement, file) is { } extended ? Parse(extended, file) : new ConfigReader(document.RootElement, file).Read();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new CheckpointException(file, null, "well-formed JSON", $"an error: {exception.Message}", inner: exception);
        }
    }

    private V4Config Read()
    {
        CheckModelType();
        JsonElement yarn = Yarn();
        bool hasYarn = yarn.ValueKind == JsonValueKind.Object;
        int layers = Integer("num_hidden_layers", 1, 1024);
        var config = new V4Config
        {
            VocabularySize = Integer("vocab_size", 1, 1 << 24),
            HiddenSize = Integer("hidden_size", 1, MostWidth),
            LayerCount = layers,
            MtpLayerCount = Integer("num_nextn_predict_layers", 0, 64, fallback: 0),
            HashLayerCount = Integer("num_hash_layers", 0, layers, fallback: 0),
            HeadCount = Integer("num_attention_heads", 1, 4096),
            HeadDim = Integer("head_dim", 2, 1 << 14),
            RotaryDim = Integer("qk_rope_head_dim", 2, 1 << 14),
            QueryRank = Integer("q_lora_rank", 1, MostWidth),
            OutputGroups = Integer("o_groups", 1, 4096),
            OutputRank = Integer("o_lora_rank", 1, MostWidth),
            Window = Integer("sliding_window", 1, 1 << 16),
            CompressRatios = Ratios(layers),
            IndexHeadCount = Integer("index_n_heads", 1, 4096),
            IndexHeadDim = Integer("index_head_dim", 2, 1 << 14),
            IndexTopK = Integer("index_topk", 1, 1 << 20),
            ExpertCount = Integer("n_routed_experts", 1, 1 << 16),
            ExpertsPerToken = Integer("num_experts_per_tok", 1, 1 << 10),
            ExpertWidth = Integer("moe_intermediate_size", 1, MostWidth),
            SharedExpertCount = Integer("n_shared_experts", 0, 1, fallback: 1),
            RoutedScalingFactor = Real("routed_scaling_factor", 1e-6, 1e6, fallback: 1),
            SwiGluLimit = Real("swiglu_limit", 0, 1e9, fallback: 0),
            HyperStreams = Integer("hc_mult", 1, 8),
            SinkhornIterations = Integer("hc_sinkhorn_iters", 1, 1000),
            HyperEpsilon = Real("hc_eps", 0, 1),
            NormEpsilon = Real("rms_norm_eps", 1e-30, 1),
            RopeTheta = Real("rope_theta", 1.001, 1e15),
            CompressRopeTheta = Real("compress_rope_theta", 1.001, 1e15),
            YarnFactor = hasYarn ? Real(yarn, "rope_scaling.factor", 1, 1e6) : 1f,
            YarnOriginalPositions = hasYarn ? Integer(yarn, "rope_scaling.original_max_position_embeddings", 1, 1 << 30) : 1,
            YarnBetaFast = hasYarn ? Real(yarn, "rope_scaling.beta_fast", 1e-6, 1e9, fallback: 32) : 32f,
            YarnBetaSlow = hasYarn ? Real(yarn, "rope_scaling.beta_slow", 1e-6, 1e9, fallback: 1) : 1f,
            MaxPositions = Integer("max_position_embeddings", 1, 1 << 26),
            BosTokenId = Integer("bos_token_id", 0, 1 << 24, fallback: 0),
            EosTokenId = Integer("eos_token_id", 0, 1 << 24, fallback: 1),
            HasDraftBlockKeys = root.TryGetProperty("dspark_block_size", out _),
        };
        CheckTogether(config);
        return config;
    }

    private void CheckModelType()
    {
        string? type = root.TryGetProperty("model_type", out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        if (type == "deepseek_v4") return;
        string advice = type == "deepseek_v41"
            ? "DeepSeek V4.1 (deepseek_v41) is a different architecture that this version of Fathom does not run; use a V4-Flash or V4-Pro checkpoint"
            : "Fathom runs DeepSeek V4 checkpoints only";
        throw new CheckpointException(file, "model_type", "deepseek_v4", type ?? "no such string", advice);
    }

    private JsonElement Yarn()
    {
        if (!root.TryGetProperty("rope_scaling", out JsonElement yarn) || yarn.ValueKind == JsonValueKind.Null) return default;
        if (yarn.ValueKind != JsonValueKind.Object) throw Wrong("rope_scaling", "an object", yarn);
        foreach (string key in (ReadOnlySpan<string>)["type", "rope_type"])
        {
            if (yarn.TryGetProperty(key, out JsonElement type) && !(type.ValueKind == JsonValueKind.String && type.ValueEquals("yarn")))
                throw Wrong($"rope_scaling.{key}", "yarn", type);
        }

        return yarn;
    }

    private int[] Ratios(int layers)
    {
        JsonElement value = Required(root, "compress_ratios");
        if (value.ValueKind != JsonValueKind.Array) throw Wrong("compress_ratios", "an array", value);
        int count = value.GetArrayLength();
        if (count < layers || count > layers + 64)
            throw new CheckpointException(file, "compress_ratios", $"{layers} entries for the layers and at most 64 more", $"{count}");
        var ratios = new int[count];
        for (int i = 0; i < count; i++)
        {
            JsonElement ratio = value[i];
            if (ratio.ValueKind != JsonValueKind.Number || !ratio.TryGetInt32(out ratios[i]) || ratios[i] < 0 || ratios[i] > 1 << 16)
                throw Wrong($"compress_ratios[{i}]", "a whole number from 0 to 65536", ratio);
        }

        // The MTP block and what follows the layers has no compressor in any known checkpoint.
        if (count > layers && ratios[layers] != 0) throw new CheckpointException(file, "compress_ratios", "0 for the MTP block", $"{ratios[layers]}");
        return ratios;
    }

    private void CheckTogether(V4Config c)
    {
        Check(c.RotaryDim % 2 == 0 && c.RotaryDim <= c.HeadDim && c.RotaryDim <= c.IndexHeadDim, "qk_rope_head_dim", $"an even number that fits into head_dim {c.HeadDim} and index_head_dim {c.IndexHeadDim}", c.RotaryDim);
        Check(BitOperations.IsPow2(c.IndexHeadDim), "index_head_dim", "a power of two, because its vectors are Hadamard-transformed", c.IndexHeadDim);
        Check((long)c.HeadCount * c.HeadDim % c.OutputGroups == 0, "o_groups", $"a divisor of {(long)c.HeadCount * c.HeadDim} (heads × head_dim)", c.OutputGroups);
        Check(c.ExpertsPerToken <= c.ExpertCount, "num_experts_per_tok", $"at most the {c.ExpertCount} experts", c.ExpertsPerToken);
        Check((long)c.LayerCount * c.ExpertCount <= 1 << 17, "n_routed_experts", $"at most {(1 << 17) / c.LayerCount} experts in each of {c.LayerCount} layers", c.ExpertCount);
        Check((long)c.HeadCount * c.HeadDim <= 1 << 24, "num_attention_heads", "heads × head_dim of at most 16777216", c.HeadCount);
        Check((long)c.IndexHeadCount * c.IndexHeadDim <= 1 << 24, "index_n_heads", "index heads × index_head_dim of at most 16777216", c.IndexHeadCount);
        Check((long)c.OutputGroups * c.OutputRank <= 1 << 24, "o_lora_rank", "o_groups × o_lora_rank of at most 16777216", c.OutputRank);
        Check(c.HiddenSize % 2 == 0 && c.ExpertWidth % 2 == 0, "hidden_size", "even hidden_size and moe_intermediate_size, because FP4 packs pairs", c.HiddenSize);
        for (int layer = 0; layer < c.LayerCount; layer++)
        {
            // Tokens past the last full block are reachable through the window only.
            Check(c.RatioOf(layer) <= Math.Max(c.Window, 128), $"compress_ratios[{layer}]", $"a ratio of at most {Math.Max(c.Window, 128)}", c.RatioOf(layer));
        }

        string? scoring = Text("scoring_func");
        if (scoring is not (null or "sqrtsoftplus"))
            throw new CheckpointException(file, "scoring_func", "sqrtsoftplus", scoring, "Fathom knows V4's scoring only");
    }

    private void Check(bool isFine, string key, string expected, int found)
    {
        if (!isFine) throw new CheckpointException(file, key, expected, $"{found}");
    }

    private int Integer(string key, int least, int most, int? fallback = null) => Integer(root, key, least, most, fallback);

    private int Integer(JsonElement parent, string key, int least, int most, int? fallback = null)
    {
        if (fallback is { } value && IsAbsent(parent, key)) return value;
        JsonElement element = Required(parent, key);
        if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt32(out int found) || found < least || found > most)
            throw Wrong(key, $"a whole number from {least} to {most}", element);
        return found;
    }

    private float Real(string key, double least, double most, double? fallback = null) => Real(root, key, least, most, fallback);

    private float Real(JsonElement parent, string key, double least, double most, double? fallback = null)
    {
        if (fallback is { } value && IsAbsent(parent, key)) return (float)value;
        JsonElement element = Required(parent, key);
        if (element.ValueKind != JsonValueKind.Number || !element.TryGetDouble(out double found) || !(found >= least) || !(found <= most))
            throw Wrong(key, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"a number from {least:g} to {most:g}"), element);
        return (float)found;
    }

    private string? Text(string key) =>
        root.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static bool IsAbsent(JsonElement parent, string key) =>
        !parent.TryGetProperty(LastPart(key), out JsonElement value) || value.ValueKind == JsonValueKind.Null;

    private JsonElement Required(JsonElement parent, string key) => parent.TryGetProperty(LastPart(key), out JsonElement value)
        ? value
        : throw new CheckpointException(file, key, "this key", "none", "a V4 config.json has it, fetch the file again");

    private static string LastPart(string key) => key[(key.LastIndexOf('.') + 1)..];

    private CheckpointException Wrong(string key, string expected, JsonElement found)
    {
        string text = found.GetRawText();
        return new CheckpointException(file, key, expected, text.Length > 60 ? text[..60] + "…" : text);
    }
}
