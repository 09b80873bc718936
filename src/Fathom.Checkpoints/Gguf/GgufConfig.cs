using System.Globalization;
using System.Text.Json;

namespace Fathom.Checkpoints.Gguf;

/// <summary>The architecture as GGUF metadata tell it (checkpoint specification, section 4.2), brought into the form of a config.json so that one reader checks both.</summary>
/// <param name="file">The file, or the first part, with the metadata.</param>
/// <param name="tensors">The tensors of all parts.</param>
internal sealed class GgufConfig(GgufFile file, IReadOnlyDictionary<string, StoredTensor> tensors)
{
    private const string Architecture = "deepseek4";
    private const string Block = "blk.", NextToken = ".nextn.";
    private const long SqrtSoftplus = 4;

    /// <summary>Reads the architecture.</summary>
    /// <exception cref="CheckpointException">The file is of another architecture, or its metadata are incomplete or do not go together.</exception>
    public V4Config Read()
    {
        string architecture = file.Metadata.TryGetValue("general.architecture", out object? value) && value is string text ? text : "none";
        if (architecture != Architecture)
            throw new CheckpointException(file.Path, "general.architecture", Architecture, architecture, "Fathom runs DeepSeek V4 only");
        CheckRouting();
        int layers = Layers();
        bool hasPrediction = HasPrediction(layers);
        var config = new Dictionary<string, object?>
        {
            ["model_type"] = "deepseek_v4",
            ["vocab_size"] = Optional("vocab_size") ?? Dimension("token_embd.weight", 0),
            ["hidden_size"] = Integer("embedding_length"),
            ["num_hidden_layers"] = layers,
            ["num_nextn_predict_layers"] = hasPrediction ? 1 : 0,
            ["num_hash_layers"] = Optional("hash_layer_count") ?? Enumerable.Range(0, layers).Count(layer => tensors.ContainsKey($"blk.{layer}.ffn_gate_tid2eid.weight")),
            ["num_attention_heads"] = Integer("attention.head_count"),
            ["head_dim"] = Integer("attention.key_length"),
            ["qk_rope_head_dim"] = Integer("rope.dimension_count"),
            ["q_lora_rank"] = Integer("attention.q_lora_rank"),
            ["o_groups"] = Integer("attention.output_group_count"),
            ["o_lora_rank"] = Integer("attention.output_lora_rank"),
            ["sliding_window"] = Integer("attention.sliding_window"),
            ["compress_ratios"] = Ratios(layers, hasPrediction),
            ["index_n_heads"] = Integer("attention.indexer.head_count"),
            ["index_head_dim"] = Integer("attention.indexer.key_length"),
            ["index_topk"] = Integer("attention.indexer.top_k"),
            ["n_routed_experts"] = Integer("expert_count"),
            ["n_shared_experts"] = Optional("expert_shared_count") ?? 1,
            ["num_experts_per_tok"] = Integer("expert_used_count"),
            ["moe_intermediate_size"] = Integer("expert_feed_forward_length"),
            ["routed_scaling_factor"] = Real("expert_weights_scale", 1),
            ["swiglu_limit"] = SwiGluLimit(),
            ["hc_mult"] = Integer("hyper_connection.count"),
            ["hc_sinkhorn_iters"] = Integer("hyper_connection.sinkhorn_iterations"),
            ["hc_eps"] = Real("hyper_connection.epsilon", 1e-6),
            ["rms_norm_eps"] = Real("attention.layer_norm_rms_epsilon", null),
            ["rope_theta"] = Real("rope.freq_base", null),
            ["compress_rope_theta"] = Real("attention.compress_rope_freq_base", null),
            ["rope_scaling"] = Yarn(),
            ["max_position_embeddings"] = Integer("context_length"),
            ["bos_token_id"] = TokenId("tokenizer.ggml.bos_token_id", 0),
            ["eos_token_id"] = TokenId("tokenizer.ggml.eos_token_id", 1),
        };
        return V4Config.Parse(JsonSerializer.SerializeToUtf8Bytes(config), file.Path);
    }

    // Some files count the MTP block as a layer: what has tensors of the next-token kind is none.
    private int Layers()
    {
        long counted = Integer("block_count");
        HashSet<string> predictions = [.. tensors.Keys.Select(BlockOfPrediction).OfType<string>()];
        int layers = 0;
        while (layers < counted && tensors.ContainsKey($"blk.{layers}.attn_norm.weight") && !predictions.Contains($"{layers}")) layers++;
        return layers > 0 ? layers : throw new CheckpointException(file.Path, "blk.0.attn_norm.weight", "this tensor", "none");
    }

    // Whether the block is there, the tensors decide: files announce one that they leave out, or hold parts of another kind of drafter.
    private bool HasPrediction(int layers) => tensors.ContainsKey($"blk.{layers}.nextn.enorm.weight")
        && (tensors.ContainsKey(GgufNames.JoinedProjections(layers)) || tensors.ContainsKey($"blk.{layers}.nextn.e_proj.weight"));

    // The number of a block, as the name has it, when the tensor is of the next-token kind.
    private static string? BlockOfPrediction(string tensor) =>
        tensor.StartsWith(Block, StringComparison.Ordinal) && tensor.IndexOf(NextToken, Block.Length, StringComparison.Ordinal) is >= 0 and var end ? tensor[Block.Length..end] : null;

    private long TokenId(string key, long fallback) => file.Metadata.GetValueOrDefault(key) switch
    {
        null => fallback,
        long id => id,
        var other => throw new CheckpointException(file.Path, key, "a whole number", Shown(other)),
    };

    private Dictionary<string, object?>? Yarn()
    {
        if (Find("rope.scaling.type") is not { } type) return null;
        if (type is not "yarn") throw new CheckpointException(file.Path, $"{Architecture}.rope.scaling.type", "yarn", Shown(type));
        return new Dictionary<string, object?>
        {
            ["type"] = type,
            ["factor"] = Real("rope.scaling.factor", 1),
            ["original_max_position_embeddings"] = Integer("rope.scaling.original_context_length"),
            ["beta_fast"] = Real("rope.scaling.yarn_beta_fast", 32),
            ["beta_slow"] = Real("rope.scaling.yarn_beta_slow", 1),
        };
    }

    private long[] Ratios(int layers, bool hasPrediction) => Find("attention.compress_ratios") is long[] ratios && ratios.Length >= layers
        ? [.. ratios[..layers], .. hasPrediction ? ratios[layers..].Take(1).DefaultIfEmpty(0) : []]
        : throw new CheckpointException(file.Path, $"{Architecture}.attention.compress_ratios", $"an array of at least {layers} whole numbers", Shown("attention.compress_ratios"));

    // One clamp for all layers and for the shared experts, as in every released model.
    private double SwiGluLimit()
    {
        if (Find("swiglu_clamp_exp") is not double[] { Length: > 0 } limits) return 0;
        double[] all = [.. limits, .. Find("swiglu_clamp_shexp") is double[] shared ? shared : []];
        if (all.Any(limit => !double.IsFinite(limit))) throw new CheckpointException(file.Path, $"{Architecture}.swiglu_clamp_exp", "finite numbers", "others");
        if (all.Any(limit => limit != all[0])) throw new CheckpointException(file.Path, $"{Architecture}.swiglu_clamp_exp", "the same clamp in all layers", $"{all.Min()} to {all.Max()}");
        return all[0];
    }

    private void CheckRouting()
    {
        if (Find("expert_gating_func") is { } function and not SqrtSoftplus)
            throw new CheckpointException(file.Path, $"{Architecture}.expert_gating_func", $"{SqrtSoftplus} (sqrt-softplus)", $"{function}", "Fathom knows V4's scoring only");
        if (Find("expert_weights_norm") is false)
            throw new CheckpointException(file.Path, $"{Architecture}.expert_weights_norm", "true", "false", "Fathom knows V4's scoring only");
        if (Find("attention.head_count_kv") is { } heads and not 1L)
            throw new CheckpointException(file.Path, $"{Architecture}.attention.head_count_kv", "1", $"{heads}", "V4 has one key head");
    }

    private object? Find(string key) => file.Metadata.GetValueOrDefault($"{Architecture}.{key}");

    private long Integer(string key) => Optional(key) ?? throw new CheckpointException(file.Path, $"{Architecture}.{key}", "a whole number", Shown(key));

    private long? Optional(string key) => Find(key) as long?;

    private double Real(string key, double? fallback) => Find(key) switch
    {
        double value when double.IsFinite(value) => value,
        long value => value,
        null when fallback is { } value => value,
        _ => throw new CheckpointException(file.Path, $"{Architecture}.{key}", "a number", Shown(key)),
    };

    private long Dimension(string tensor, int index) => tensors.TryGetValue(tensor, out StoredTensor? found)
        ? found.Shape[index]
        : throw new CheckpointException(file.Path, tensor, "this tensor", "none");

    private string Shown(string key) => Shown(Find(key));

    private static string Shown(object? value) => value switch
    {
        null => "nothing",
        Array array => $"an array of {array.Length}",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "nothing",
    };
}
