namespace Fathom.Checkpoints;

/// <summary>The kinds of attention layers, decided by the compression ratio alone.</summary>
public enum LayerKind
{
    /// <summary>Ratio 0: the raw window only.</summary>
    Window,

    /// <summary>Ratio 4: compressed sparse attention, with overlapping compressor and indexer.</summary>
    Csa,

    /// <summary>Any other ratio (128 in the released models): heavily compressed attention, all entries.</summary>
    Hca,
}

/// <summary>The architecture of a V4 checkpoint: the values of config.json (architecture specification, section 1).</summary>
public sealed record V4Config
{
    /// <summary>The ratio of CSA layers; it alone switches on overlap and indexer.</summary>
    public const int CsaRatio = 4;

    /// <summary>V: token ids (<c>vocab_size</c>).</summary>
    public required int VocabularySize { get; init; }

    /// <summary>D: width of a stream (<c>hidden_size</c>).</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Main layers (<c>num_hidden_layers</c>).</summary>
    public required int LayerCount { get; init; }

    /// <summary>MTP blocks that the config announces (<c>num_nextn_predict_layers</c>); whether one is there, the tensors decide.</summary>
    public required int MtpLayerCount { get; init; }

    /// <summary>Leading layers routed by token id (<c>num_hash_layers</c>).</summary>
    public required int HashLayerCount { get; init; }

    /// <summary>H: attention heads (<c>num_attention_heads</c>).</summary>
    public required int HeadCount { get; init; }

    /// <summary>d: width of a head and of a key (<c>head_dim</c>).</summary>
    public required int HeadDim { get; init; }

    /// <summary>r: rotated dimensions, the last of a head (<c>qk_rope_head_dim</c>).</summary>
    public required int RotaryDim { get; init; }

    /// <summary>Rq: width of the query latent (<c>q_lora_rank</c>).</summary>
    public required int QueryRank { get; init; }

    /// <summary>G: groups of the output projection (<c>o_groups</c>).</summary>
    public required int OutputGroups { get; init; }

    /// <summary>Ro: rank of one output group (<c>o_lora_rank</c>).</summary>
    public required int OutputRank { get; init; }

    /// <summary>W: raw keys that a query sees, itself included (<c>sliding_window</c>).</summary>
    public required int Window { get; init; }

    /// <summary>m of each layer; an entry after the last layer belongs to the MTP block (<c>compress_ratios</c>).</summary>
    public required IReadOnlyList<int> CompressRatios { get; init; }

    /// <summary>Indexer heads (<c>index_n_heads</c>).</summary>
    public required int IndexHeadCount { get; init; }

    /// <summary>Width of an indexer head (<c>index_head_dim</c>).</summary>
    public required int IndexHeadDim { get; init; }

    /// <summary>Compressed entries that CSA picks (<c>index_topk</c>).</summary>
    public required int IndexTopK { get; init; }

    /// <summary>E: routed experts (<c>n_routed_experts</c>).</summary>
    public required int ExpertCount { get; init; }

    /// <summary>K: routed experts per token (<c>num_experts_per_tok</c>).</summary>
    public required int ExpertsPerToken { get; init; }

    /// <summary>F: inner width of routed and shared experts (<c>moe_intermediate_size</c>).</summary>
    public required int ExpertWidth { get; init; }

    /// <summary>Shared experts: 1 (<c>n_shared_experts</c>).</summary>
    public required int SharedExpertCount { get; init; }

    /// <summary>Multiplies normalised routing weights (<c>routed_scaling_factor</c>).</summary>
    public required float RoutedScalingFactor { get; init; }

    /// <summary>Clamp of SwiGLU; 0 means none (<c>swiglu_limit</c>).</summary>
    public required float SwiGluLimit { get; init; }

    /// <summary>S: residual streams (<c>hc_mult</c>).</summary>
    public required int HyperStreams { get; init; }

    /// <summary>Sinkhorn normalisations (<c>hc_sinkhorn_iters</c>).</summary>
    public required int SinkhornIterations { get; init; }

    /// <summary>ε of the hyper-connections (<c>hc_eps</c>).</summary>
    public required float HyperEpsilon { get; init; }

    /// <summary>ε of every RMS norm (<c>rms_norm_eps</c>).</summary>
    public required float NormEpsilon { get; init; }

    /// <summary>Rotation base of window layers and MTP (<c>rope_theta</c>).</summary>
    public required float RopeTheta { get; init; }

    /// <summary>Rotation base of compressed layers (<c>compress_rope_theta</c>).</summary>
    public required float CompressRopeTheta { get; init; }

    /// <summary>YaRN factor of compressed layers; 1 without scaling (<c>rope_scaling.factor</c>).</summary>
    public required float YarnFactor { get; init; }

    /// <summary>Positions before YaRN (<c>rope_scaling.original_max_position_embeddings</c>).</summary>
    public required int YarnOriginalPositions { get; init; }

    /// <summary>Turns above which a frequency is kept (<c>rope_scaling.beta_fast</c>).</summary>
    public required float YarnBetaFast { get; init; }

    /// <summary>Turns below which a frequency is divided by the factor (<c>rope_scaling.beta_slow</c>).</summary>
    public required float YarnBetaSlow { get; init; }

    /// <summary>Positions that a session may hold (<c>max_position_embeddings</c>).</summary>
    public required int MaxPositions { get; init; }

    /// <summary>Token that starts a prompt (<c>bos_token_id</c>).</summary>
    public required int BosTokenId { get; init; }

    /// <summary>Token that ends an answer (<c>eos_token_id</c>).</summary>
    public required int EosTokenId { get; init; }

    /// <summary>Whether the dspark_* keys of the release checkpoints are there: then the release chat encoding applies (chat specification, section 2.6).</summary>
    public bool HasDraftBlockKeys { get; init; }

    /// <summary>Reads and checks a config.json.</summary>
    /// <exception cref="CheckpointException">The file is missing, malformed, of another architecture, or its numbers do not go together.</exception>
    public static V4Config Read(string path)
    {
        const int mostBytes = 1 << 20;
        byte[] json;
        try
        {
            long length = new FileInfo(path).Length;
            if (length > mostBytes) throw new CheckpointException(path, null, $"a config of at most {mostBytes} bytes", $"{length} bytes");
            json = File.ReadAllBytes(path);
        }
        catch (FileNotFoundException exception)
        {
            throw new CheckpointException(path, null, "this file", "none", "a checkpoint is a folder with config.json and safetensors files, check the path", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CheckpointException(path, null, "a readable config.json", exception.Message, "a checkpoint is a folder with config.json and safetensors files, check the path", exception);
        }

        return Parse(json, path);
    }

    /// <summary>Reads and checks the text of a config.json.</summary>
    /// <param name="json">UTF-8 text.</param>
    /// <param name="file">Name for messages.</param>
    /// <exception cref="CheckpointException">As for <see cref="Read"/>.</exception>
    public static V4Config Parse(ReadOnlyMemory<byte> json, string file) => ConfigReader.Parse(json, file);

    /// <summary>The config as JSON with the official keys.</summary>
    public string ToJson() => ConfigWriter.ToJson(this);

    /// <summary>m of a layer; the index after the last layer is the MTP block.</summary>
    public int RatioOf(int layer) => layer < CompressRatios.Count ? CompressRatios[layer] : 0;

    /// <summary>The kind of a layer; the index after the last layer is the MTP block.</summary>
    public LayerKind KindOf(int layer) => RatioOf(layer) switch
    {
        0 => LayerKind.Window,
        CsaRatio => LayerKind.Csa,
        _ => LayerKind.Hca,
    };

    /// <summary>Whether a layer routes by token id.</summary>
    public bool IsHashLayer(int layer) => layer < HashLayerCount;
}
