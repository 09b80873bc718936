using Fathom.Checkpoints;
using Fathom.Inference;
using Fathom.Model;
using Fathom.Model.Streaming;

namespace Fathom.Server.Tests;

/// <summary>A random model under a budget that most of its experts do not fit in.</summary>
internal static class StreamedModel
{
    private const long SomeExperts = 2_000_000;

    /// <summary>Writes the model to a folder and opens it.</summary>
    public static FathomModel Open(string folder)
    {
        string tokenizer = Repository.PathOf("models", "builtin", "tokenizer.json");
        SyntheticCheckpoint.Write(folder, new SyntheticOptions { Shape = SyntheticShape.Tiny, Layers = [0, 4, 128], Experts = 64, ExpertWidth = 512, Vocabulary = 1920, HasMultiTokenPrediction = false });
        var reserve = new MemoryReserve { ContextTokens = 1024, Sessions = 1 };
        using var checkpoint = Checkpoint.Open(folder);
        long budget = MemoryPlan.For(checkpoint.Config, WeightSizes.Of(checkpoint), budget: null, reserve).LeastBytes + SomeExperts;
        return FathomModel.Open(folder, new FathomModelOptions { Model = new V4ModelOptions { MemoryBudget = budget, Reserve = reserve }, TokenizerPath = tokenizer });
    }
}
