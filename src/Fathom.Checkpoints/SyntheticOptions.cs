namespace Fathom.Checkpoints;

/// <summary>Which model a synthetic checkpoint imitates.</summary>
public enum SyntheticShape
{
    /// <summary>The widths of V4-Flash.</summary>
    Flash,

    /// <summary>The widths of V4-Pro.</summary>
    Pro,

    /// <summary>Widths of a few hundred: a model of some megabytes with every kind of layer.</summary>
    Tiny,
}

/// <summary>What a synthetic checkpoint is to look like.</summary>
public sealed record SyntheticOptions
{
    /// <summary>Whose widths to take.</summary>
    public SyntheticShape Shape { get; init; } = SyntheticShape.Flash;

    /// <summary>Compression ratio of each main layer: 0 window, 4 CSA, 128 HCA.</summary>
    public IReadOnlyList<int> Layers { get; init; } = [0, 4, 128];

    /// <summary>Routed experts; null for the shape's own number.</summary>
    public int? Experts { get; init; }

    /// <summary>Inner width of the experts; null for the shape's own.</summary>
    public int? ExpertWidth { get; init; }

    /// <summary>Vocabulary; null for the shape's own.</summary>
    public int? Vocabulary { get; init; }

    /// <summary>Whether to write an MTP block.</summary>
    public bool HasMultiTokenPrediction { get; init; } = true;

    /// <summary>Same seed, same bytes.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>The architecture that these options stand for.</summary>
    /// <exception cref="CheckpointException">The numbers do not go together.</exception>
    public V4Config ToConfig()
    {
        int[] ratios = [.. Layers, 0];

        // Hash routing needs at least one layer that shows it, and score routing one too.
        int hashLayers = Math.Min(Shape == SyntheticShape.Tiny ? 2 : 3, Math.Max(1, Layers.Count / 2));
        V4Config shape = Shape switch
        {
            SyntheticShape.Flash => Published(4096, 64, 1024, 8, 512, 256, 2048, 1.5f),
            SyntheticShape.Pro => Published(7168, 128, 1536, 16, 1024, 384, 3072, 2.5f),
            _ => Published(256, 4, 128, 2, 8, 8, 128, 1.5f) with
            {
                VocabularySize = 1024, HeadDim = 128, OutputRank = 64, Window = 16, IndexHeadCount = 4, ExpertsPerToken = 2,
                YarnFactor = 4, YarnOriginalPositions = 2048, MaxPositions = 1 << 17,
            },
        };
        int experts = Experts ?? shape.ExpertCount;
        V4Config config = shape with
        {
            LayerCount = Layers.Count,
            CompressRatios = ratios,
            HashLayerCount = hashLayers,
            ExpertCount = experts,
            ExpertWidth = ExpertWidth ?? shape.ExpertWidth,
            ExpertsPerToken = Math.Min(shape.ExpertsPerToken, experts),
            VocabularySize = Vocabulary ?? shape.VocabularySize,
            MtpLayerCount = HasMultiTokenPrediction ? 1 : 0,
        };

        // The way through JSON checks it exactly as a stranger's file.
        return V4Config.Parse(System.Text.Encoding.UTF8.GetBytes(config.ToJson()), "synthetic config");
    }

    private static V4Config Published(
        int hidden, int heads, int queryRank, int groups, int topK, int experts, int expertWidth, float scaling) => new()
    {
        VocabularySize = 129_280,
        HiddenSize = hidden,
        LayerCount = 0,
        MtpLayerCount = 1,
        HashLayerCount = 3,
        HeadCount = heads,
        HeadDim = 512,
        RotaryDim = 64,
        QueryRank = queryRank,
        OutputGroups = groups,
        OutputRank = 1024,
        Window = 128,
        CompressRatios = [],
        IndexHeadCount = 64,
        IndexHeadDim = 128,
        IndexTopK = topK,
        ExpertCount = experts,
        ExpertsPerToken = 6,
        ExpertWidth = expertWidth,
        SharedExpertCount = 1,
        RoutedScalingFactor = scaling,
        SwiGluLimit = 10f,
        HyperStreams = 4,
        SinkhornIterations = 20,
        HyperEpsilon = 1e-6f,
        NormEpsilon = 1e-6f,
        RopeTheta = 10_000f,
        CompressRopeTheta = 160_000f,
        YarnFactor = 16f,
        YarnOriginalPositions = 65_536,
        YarnBetaFast = 32f,
        YarnBetaSlow = 1f,
        MaxPositions = 1_048_576,
        BosTokenId = 0,
        EosTokenId = 1,
    };
}
