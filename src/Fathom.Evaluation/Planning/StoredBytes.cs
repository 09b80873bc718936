using Fathom.Checkpoints;
using Fathom.Model.Streaming;

namespace Fathom.Evaluation.Planning;

/// <summary>What the stored format of weights does to the time that reading them takes: shares of the official layout's bytes.</summary>
/// <param name="Sizes">The weights.</param>
/// <param name="HeadBytes">Bytes of the head, which a decoded token reads once.</param>
/// <param name="DenseShare">Bytes of the layers without routed experts, against the official layout.</param>
/// <param name="ExpertShare">Bytes of the routed experts, against the official layout.</param>
public sealed record StoredBytes(WeightSizes Sizes, long HeadBytes, double DenseShare, double ExpertShare)
{
    private const string Head = "head.weight", Embedding = "embed.weight";

    /// <summary>Format of most matrices outside the experts, as far as layers can be measured in it: F8E4M3 stands for all of few bits.</summary>
    public StoredType Matrices { get; init; } = StoredType.F8E4M3;

    /// <summary>Counts an opened checkpoint.</summary>
    public static StoredBytes Of(Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        StoredBytes official = OfOfficialLayout(checkpoint.Config);
        WeightSizes sizes = WeightSizes.Of(checkpoint);
        long head = checkpoint[Head].ByteLength, embedding = checkpoint[Embedding].ByteLength;
        long layers = sizes.DenseBytes - head - embedding, officialLayers = official.Sizes.DenseBytes - (2 * official.HeadBytes);

        // An MTP block is read by no plain token, and counts on neither side.
        if (checkpoint.Config.MtpLayerCount > 0 && !checkpoint.HasMultiTokenPrediction)
            officialLayers = WeightSizes.OfOfficialLayout(checkpoint.Config with { MtpLayerCount = 0 }).DenseBytes - (2 * official.HeadBytes);
        double perExpert = (double)sizes.ExpertBytes / sizes.ExpertCount, officialPerExpert = (double)official.Sizes.ExpertBytes / official.Sizes.ExpertCount;
        return new StoredBytes(sizes, head, (double)layers / officialLayers, perExpert / officialPerExpert) { Matrices = MatricesOf(checkpoint) };
    }

    private static StoredType MatricesOf(Checkpoint checkpoint)
    {
        IEnumerable<StoredTensor> matrices = TensorLayout.Of(checkpoint.Config, false).Where(expected => expected.Role == TensorRole.Linear).Select(expected => checkpoint[expected.Name]);
        return matrices.GroupBy(tensor => tensor.Type).MaxBy(type => type.Sum(tensor => tensor.ByteLength))?.Key switch
        {
            StoredType.F32 => StoredType.F32,
            StoredType.BF16 or StoredType.F16 => StoredType.BF16,
            _ => StoredType.F8E4M3,
        };
    }

    /// <summary>What a config implies in the official layout.</summary>
    public static StoredBytes OfOfficialLayout(V4Config config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return new StoredBytes(WeightSizes.OfOfficialLayout(config), 2L * config.VocabularySize * config.HiddenSize, 1, 1);
    }

    /// <summary>The same weights with experts of other formats.</summary>
    /// <param name="bits">Bits of a weight, scales included.</param>
    public StoredBytes WithExperts(double bits)
    {
        double factor = bits / (OfficialExpertBits * ExpertShare);
        return this with
        {
            Sizes = Sizes with { ExpertBytes = (long)(Sizes.ExpertBytes * factor), LargestExpertBytes = (long)(Sizes.LargestExpertBytes * factor) },
            ExpertShare = ExpertShare * factor,
        };
    }

    /// <summary>Bits of a routed expert's weight in the official layout: FP4 with a scale byte for each 32.</summary>
    public const double OfficialExpertBits = 4.25;
}
