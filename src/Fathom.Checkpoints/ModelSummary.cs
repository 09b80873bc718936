namespace Fathom.Checkpoints;

/// <summary>Cache bytes of one session in one storage format (architecture specification, section 10.1).</summary>
/// <param name="Name">What is stored how.</param>
/// <param name="MainEntry">Bytes of a compressed entry.</param>
/// <param name="IndexEntry">Bytes of an index entry.</param>
/// <param name="WindowRow">Bytes of a window row.</param>
public sealed record CacheFormat(string Name, double MainEntry, double IndexEntry, double WindowRow);

/// <summary>
/// Size figures of a model: parameters, bytes, caches. Everything is counted from the tensor layout of the config, so
/// the published configs are enough.
/// </summary>
public sealed class ModelSummary
{
    private readonly V4Config config;

    /// <summary>Counts a model.</summary>
    public ModelSummary(V4Config config)
    {
        ArgumentNullException.ThrowIfNull(config);
        this.config = config;
        var groups = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (ExpectedTensor tensor in TensorLayout.MainModel(config))
        {
            if (tensor.Role != TensorRole.ExpertTable) MainParameters += Add(groups, tensor);
            Count(tensor);
        }

        foreach (ExpectedTensor tensor in TensorLayout.MultiTokenPrediction(config))
        {
            if (config.MtpLayerCount == 0) break;
            PredictionParameters += tensor.Count;
            Count(tensor);
        }

        ParametersByGroup = groups;
    }

    /// <summary>Parameters of the main model, without MTP block and expert tables.</summary>
    public long MainParameters { get; }

    /// <summary>Parameters of the MTP block; 0 when the config has none.</summary>
    public long PredictionParameters { get; }

    /// <summary>Parameters that a token meets: layers with its share of the experts, and the head; the embedding table is not counted.</summary>
    public long ActiveParameters =>
        MainParameters - Group("embedding") - Group("routed experts") + (Group("routed experts") / config.ExpertCount * config.ExpertsPerToken);

    /// <summary>Main-model parameters by group.</summary>
    public IReadOnlyDictionary<string, long> ParametersByGroup { get; }

    /// <summary>Bytes of all tensors in the official layout, by stored format, MTP block included.</summary>
    public IReadOnlyDictionary<StoredType, long> BytesByType => bytesByType;

    /// <summary>Bytes of all tensors in the official layout.</summary>
    public long TotalBytes => bytesByType.Values.Sum();

    /// <summary>Tensors in the official layout.</summary>
    public int TensorCount { get; private set; }

    /// <summary>Bytes of weights that a decoded token reads, in the official layout.</summary>
    public long BytesReadPerToken { get; private set; }

    /// <summary>Main layers of a kind.</summary>
    public int LayersOf(LayerKind kind) => Enumerable.Range(0, config.LayerCount).Count(layer => config.KindOf(layer) == kind);

    /// <summary>Storage formats worth comparing: Fathom's own, the default first, all with windows in 32 bits; and bfloat16 throughout.</summary>
    public IReadOnlyList<CacheFormat> CacheFormats
    {
        get
        {
            int head = config.HeadDim, rotary = config.RotaryDim, index = config.IndexHeadDim;

            // FP8 part, bfloat16 rotary part, one scale byte for each 64 and one byte of padding; FP4 with a scale byte for each 32.
            double compact = head + rotary + Math.Ceiling((head - rotary) / 64.0) + 1, fp4 = (index / 2.0) + Math.Ceiling(index / 32.0);
            return
            [
                new CacheFormat("F32, FP4 index (--caches f32)", 4.0 * head, fp4, 4.0 * head),
                new CacheFormat("BF16, FP4 index (--caches bf16)", 2.0 * head, fp4, 4.0 * head),
                new CacheFormat("FP8 and BF16, FP4 index (--caches compact)", compact, fp4, 4.0 * head),
                new CacheFormat("BF16 throughout, in other systems", 2.0 * head, 2.0 * index, 2.0 * head),
            ];
        }
    }

    private readonly SortedDictionary<StoredType, long> bytesByType = [];

    /// <summary>Bytes by which a session's caches grow per token.</summary>
    public double CacheBytesPerToken(CacheFormat format)
    {
        ArgumentNullException.ThrowIfNull(format);
        double bytes = 0;
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            double entry = config.KindOf(layer) switch
            {
                LayerKind.Csa => format.MainEntry + format.IndexEntry,
                LayerKind.Hca => format.MainEntry,
                _ => 0,
            };
            if (entry > 0) bytes += entry / config.RatioOf(layer);
        }

        return bytes;
    }

    /// <summary>Bytes of a session's window rows in all main layers.</summary>
    public double WindowBytes(CacheFormat format)
    {
        ArgumentNullException.ThrowIfNull(format);
        return (double)config.LayerCount * config.Window * format.WindowRow;
    }

    /// <summary>Bytes of compressed entries and windows of a session of this many tokens, without compressor working state.</summary>
    public double CacheBytes(CacheFormat format, long tokens) => (CacheBytesPerToken(format) * tokens) + WindowBytes(format);

    /// <summary>Bytes of the compressors' raw rows (32-bit values and scores) in all layers, as the specification counts them.</summary>
    public long CompressorStateBytes
    {
        get
        {
            long bytes = 0;
            for (int layer = 0; layer < config.LayerCount; layer++)
            {
                int ratio = config.RatioOf(layer);
                bytes += config.KindOf(layer) switch
                {
                    LayerKind.Csa => 2L * 8 * 2 * (config.HeadDim + config.IndexHeadDim) * 4,
                    LayerKind.Hca => 2L * ratio * config.HeadDim * 4,
                    _ => 0,
                };
            }

            return bytes;
        }
    }

    private long Group(string name) => ParametersByGroup.GetValueOrDefault(name);

    private static long Add(Dictionary<string, long> groups, ExpectedTensor tensor)
    {
        groups[tensor.Group] = groups.GetValueOrDefault(tensor.Group) + tensor.Count;
        return tensor.Count;
    }

    private void Count(ExpectedTensor expected)
    {
        bool isMain = !expected.Name.StartsWith("mtp.", StringComparison.Ordinal);
        foreach (SyntheticTensor tensor in SyntheticTensor.For(expected, config, StoredType.F8E4M3))
        {
            TensorCount++;
            bytesByType[tensor.Type] = bytesByType.GetValueOrDefault(tensor.Type) + tensor.Bytes;
            if (!isMain || expected.Name == "embed.weight" || expected.Role == TensorRole.ExpertTable) continue;
            BytesReadPerToken += expected.Role == TensorRole.Expert
                ? tensor.Bytes / config.ExpertCount * config.ExpertsPerToken
                : tensor.Bytes;
        }
    }
}
