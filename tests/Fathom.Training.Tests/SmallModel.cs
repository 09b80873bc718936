using Fathom.Checkpoints;
using Fathom.Training.Network;
using TorchSharp;
using static TorchSharp.torch;

namespace Fathom.Training.Tests;

/// <summary>A model of a few thousand parameters with every kind of layer.</summary>
internal static class SmallModel
{
    public static V4Config Config { get; } = V4Config.Read(Repository.Golden("model", "tiny-bf16", "config.json")) with
    {
        VocabularySize = 24, HiddenSize = 16, LayerCount = 4, HashLayerCount = 1, HeadCount = 2, HeadDim = 16, RotaryDim = 8, QueryRank = 12,
        OutputGroups = 2, OutputRank = 6, Window = 6, CompressRatios = [0, 4, 8, 4, 0], IndexHeadCount = 2, IndexHeadDim = 8, IndexTopK = 3,
        ExpertCount = 4, ExpertsPerToken = 2, ExpertWidth = 10, MtpLayerCount = 1, SinkhornIterations = 20,
    };

    /// <summary>Minnow's architecture made very small, with its vocabulary.</summary>
    public static V4Config OfMinnow { get; } = V4Config.Read(Repository.PathOf("training", "minnow", "config.json")) with
    {
        HiddenSize = 64, LayerCount = 3, CompressRatios = [0, 4, 128, 0], ExpertCount = 4, ExpertWidth = 32, QueryRank = 32, IndexTopK = 4, HashLayerCount = 1,
    };

    /// <summary>Parameters away from their special first values, so that every gradient has something to show.</summary>
    public static Parameters Parameters(ScalarType type)
    {
        Parameters parameters = Initializer.Create(Config, 3, type);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        random.manual_seed(5);
        foreach (Tensor tensor in parameters.All.Values) tensor.add_(randn_like(tensor) * 0.15);
        return parameters;
    }

    public static TokenBatch Batch(int length, int seed)
    {
        var random = new Random(seed);
        return TokenBatch.Of([.. Enumerable.Range(0, length).Select(_ => random.Next(Config.VocabularySize))]);
    }
}
