namespace Fathom.Checkpoints.Gguf;

/// <summary>What a GGUF file says about the architecture and the tokenizer (checkpoint specification, section 4.2): the inverse of <see cref="GgufConfig"/>.</summary>
internal static class GgufMetadata
{
    private const uint SqrtSoftplus = 4;
    private const uint QuantizationVersion = 2;

    private const string NameKey = "general.name", FileTypeKey = "general.file_type";

    // What is written anew, and what speaks of one file's bytes alone.
    private static readonly HashSet<string> Own = new(StringComparer.Ordinal)
    {
        "general.architecture", "general.quantization_version", "general.alignment", FileTypeKey, GgufVocabulary.JsonKey,
        "tokenizer.ggml.model", "tokenizer.ggml.pre", "tokenizer.ggml.tokens", "tokenizer.ggml.token_type", "tokenizer.ggml.merges", "tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id",
    };

    // What other engines call a file in which most bytes have a format (llama_ftype).
    private static readonly Dictionary<StoredType, uint> FileTypes = new()
    {
        [StoredType.F32] = 0, [StoredType.F16] = 1, [StoredType.Q80] = 7, [StoredType.Q2K] = 10, [StoredType.Q4K] = 14, [StoredType.Q6K] = 18, [StoredType.Iq2Xxs] = 19, [StoredType.BF16] = 32, [StoredType.Mxfp4] = 38,
    };

    /// <summary>What a file says in general and of its tokenizer that Fathom has no use for: license, chat template and the like. Files made of it say the same.</summary>
    /// <param name="file">The file.</param>
    /// <param name="files">Reads it.</param>
    /// <exception cref="CheckpointException">It cannot be read any more.</exception>
    public static IReadOnlyDictionary<string, GgufValue> OthersOf(GgufFile file, WeightFiles files)
    {
        var others = new SortedDictionary<string, GgufValue>(StringComparer.Ordinal);
        foreach (string key in file.Metadata.Keys)
        {
            bool isGeneral = key.StartsWith("general.", StringComparison.Ordinal) || key.StartsWith("tokenizer.", StringComparison.Ordinal);
            if (isGeneral && !Own.Contains(key) && file.ValueOf(key, files) is { } value) others.Add(key, value);
        }

        return others;
    }

    /// <summary>All entries of a file.</summary>
    /// <param name="source">The checkpoint that it is made of.</param>
    /// <param name="hasPrediction">Whether the file holds the MTP block, which counts as a block after the layers.</param>
    /// <param name="vocabulary">The tokenizer.</param>
    /// <param name="tensors">Formats and bytes of its tensors.</param>
    public static List<KeyValuePair<string, object>> Of(Checkpoint source, bool hasPrediction, GgufVocabulary vocabulary, IEnumerable<(StoredType Type, long Bytes)> tensors)
    {
        V4Config c = source.Config;
        var entries = new List<KeyValuePair<string, object>>();
        void Add(string key, object value) => entries.Add(new(key, value));
        Add("general.architecture", "deepseek4");
        if (!source.OtherMetadata.ContainsKey(NameKey)) Add(NameKey, NameOf(source.Location));
        StoredType most = tensors.GroupBy(tensor => tensor.Type).MaxBy(group => group.Sum(tensor => tensor.Bytes))!.Key;
        if (FileTypes.TryGetValue(most, out uint fileType)) Add(FileTypeKey, fileType);
        Add("general.quantization_version", QuantizationVersion);
        foreach ((string key, GgufValue value) in source.OtherMetadata) Add(key, value);
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

    // The last part of the path; in a hub's own cache that is a revision, and the repository's name is above it (models--owner--name/snapshots/revision).
    private static string NameOf(string location)
    {
        string path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(location));
        string[] parts = path.Split(Path.DirectorySeparatorChar);
        string last = parts is [.., var repository, "snapshots", _] && repository.Split("--") is ["models", _, var name] ? name : parts[^1];
        if (GgufShards.PartName().Match(last) is { Success: true } part) return part.Groups[1].Value;
        return last.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) ? last[..^".gguf".Length] : last;
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
