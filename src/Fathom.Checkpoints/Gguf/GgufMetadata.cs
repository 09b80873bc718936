namespace Fathom.Checkpoints.Gguf;

/// <summary>What a GGUF file says about the architecture and the tokenizer (checkpoint specification, section 4.2): the inverse of <see cref="GgufConfig"/>.</summary>
internal static class GgufMetadata
{
    private const uint SqrtSoftplus = 4;
    private const uint QuantizationVersion = 2;

    /// <summary>All entries of a file.</summary>
    /// <param name="c">The architecture.</param>
    /// <param name="hasPrediction">Whether the file holds the MTP block, which counts as a block after the layers.</param>
    /// <param name="vocabulary">The tokenizer.</param>
    public static List<KeyValuePair<string, object>> Of(V4Config c, bool hasPrediction, GgufVocabulary vocabulary)
    {
        var entries = new List<KeyValuePair<string, object>>();
        void Add(string key, object value) => entries.Add(new(key, value));
        Add("general.architecture", "deepseek4");
        Add("general.quantization_version", QuantizationVersion);
        Sizes(c, hasPrediction ? 1 : 0, (key, value) => Add("deepseek4." + key, value));
        Add("tokenizer.ggml.model", "gpt2");
        Add("tokenizer.ggml.pre", GgufVocabulary.PreTokenizer);
        Add("tokenizer.ggml.tokens", vocabulary.Tokens.ToArray());
        Add("tokenizer.ggml.token_type", vocabulary.Kinds.Select(kind => (int)kind).ToArray());
        Add("tokenizer.ggml.merges", vocabulary.Merges.ToArray());
        Add("tokenizer.ggml.bos_token_id", (uint)c.BosTokenId);
        Add("tokenizer.ggml.eos_token_id", (uint)c.EosTokenId);
        if (vocabulary.Json is { } json) Add(GgufVocabulary.JsonKey, json);
        Add(GgufVocabulary.DraftBlockKey, vocabulary.HasDraftBlockKeys);
        return entries;
    }

    private static void Sizes(V4Config c, int predictions, Action<string, object> add)
    {
        int blocks = c.LayerCount + predictions;
        add("block_count", (uint)blocks);
        add("context_length", (uint)c.MaxPositions);
        add("embedding_length", (uint)c.HiddenSize);
        add("vocab_size", (uint)c.VocabularySize);
        add("attention.head_count", (uint)c.HeadCount);
        add("attention.head_count_kv", 1u);
        add("attention.key_length", (uint)c.HeadDim);
        add("attention.value_length", (uint)c.HeadDim);
        add("attention.q_lora_rank", (uint)c.QueryRank);
        add("attention.output_lora_rank", (uint)c.OutputRank);
        add("attention.output_group_count", (uint)c.OutputGroups);
        add("attention.compress_ratios", Enumerable.Range(0, blocks).Select(c.RatioOf).ToArray());
        add("attention.compress_rope_freq_base", c.CompressRopeTheta);
        add("attention.sliding_window", (uint)c.Window);
        add("attention.layer_norm_rms_epsilon", c.NormEpsilon);
        add("attention.indexer.head_count", (uint)c.IndexHeadCount);
        add("attention.indexer.key_length", (uint)c.IndexHeadDim);
        add("attention.indexer.top_k", (uint)c.IndexTopK);
        add("rope.dimension_count", (uint)c.RotaryDim);
        add("rope.freq_base", c.RopeTheta);
        add("rope.scaling.type", "yarn");
        add("rope.scaling.factor", c.YarnFactor);
        add("rope.scaling.original_context_length", (uint)c.YarnOriginalPositions);
        add("rope.scaling.yarn_beta_fast", c.YarnBetaFast);
        add("rope.scaling.yarn_beta_slow", c.YarnBetaSlow);
        add("expert_count", (uint)c.ExpertCount);
        add("expert_used_count", (uint)c.ExpertsPerToken);
        add("expert_shared_count", (uint)c.SharedExpertCount);
        add("expert_feed_forward_length", (uint)c.ExpertWidth);
        add("expert_weights_scale", c.RoutedScalingFactor);
        add("expert_weights_norm", true);
        add("expert_gating_func", SqrtSoftplus);
        add("swiglu_clamp_exp", Enumerable.Repeat(c.SwiGluLimit, blocks).ToArray());
        add("hash_layer_count", (uint)c.HashLayerCount);
        add("nextn_predict_layers", (uint)predictions);
        add("hyper_connection.count", (uint)c.HyperStreams);
        add("hyper_connection.sinkhorn_iterations", (uint)c.SinkhornIterations);
        add("hyper_connection.epsilon", c.HyperEpsilon);
    }
}
