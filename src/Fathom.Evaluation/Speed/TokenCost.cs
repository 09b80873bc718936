using Fathom.Checkpoints;

namespace Fathom.Evaluation.Speed;

/// <summary>What one token costs in weights, apart from attention.</summary>
/// <param name="WeightBytes">Stored bytes of the weights that a decoded token reads, scales included.</param>
/// <param name="Weights">How many weights these are; each is a multiplication and an addition.</param>
public sealed record TokenCost(long WeightBytes, long Weights)
{
    /// <summary>Counts a checkpoint's main model: of routed experts only as many as a token uses, of the embedding one row.</summary>
    public static TokenCost Of(Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        V4Config config = checkpoint.Config;
        double bytes = 0, weights = 0;
        foreach (ExpectedTensor expected in TensorLayout.MainModel(config))
        {
            if (expected.Role == TensorRole.ExpertTable) continue;
            double share = expected.Role == TensorRole.Expert ? (double)config.ExpertsPerToken / config.ExpertCount : expected.Name == "embed.weight" ? 1.0 / config.VocabularySize : 1;
            bytes += share * checkpoint[expected.Name].ByteLength;
            if (expected.MayBeScaled && checkpoint.TryGet(expected.ScaleName, out StoredTensor scale)) bytes += share * scale.ByteLength;
            weights += share * expected.Count;
        }

        return new TokenCost((long)bytes, (long)weights);
    }
}
