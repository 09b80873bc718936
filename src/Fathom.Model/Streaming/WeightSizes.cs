using Fathom.Checkpoints;

namespace Fathom.Model.Streaming;

/// <summary>How the bytes of a checkpoint's weights divide into those that every token needs and routed experts.</summary>
/// <param name="DenseBytes">Bytes of everything but routed experts: attention, embedding, head, shared experts, routers.</param>
/// <param name="ExpertBytes">Bytes of all routed experts with their scales.</param>
/// <param name="ExpertCount">Routed experts of all layers together, those of an MTP block included.</param>
/// <param name="LargestExpertBytes">Bytes of the largest single expert: w1, w3 and w2 with their scales.</param>
/// <param name="TensorCount">Tensors of the checkpoint, scales included.</param>
/// <param name="DenseTensorCount">Of these, those that are not of routed experts.</param>
public sealed record WeightSizes(long DenseBytes, long ExpertBytes, int ExpertCount, long LargestExpertBytes, int TensorCount, int DenseTensorCount)
{
    private const int Alignment = UnbufferedFile.Alignment;

    // w1, w2, w3 and their scales.
    private const int TensorsOfExpert = 6;

    /// <summary>All bytes.</summary>
    public long TotalBytes => DenseBytes + ExpertBytes;

    /// <summary>Bytes of a place in the arena: the largest expert, and room at both ends of its tensors for aligned reads.</summary>
    public long SlotBytes => (LargestExpertBytes + (2 * Alignment * TensorsOfExpert) + Alignment - 1) / Alignment * Alignment;

    /// <summary>Counts an opened checkpoint; no content is looked at.</summary>
    public static WeightSizes Of(Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        return Count(checkpoint.Config, checkpoint.HasMultiTokenPrediction, expected =>
        {
            int tensors = 1;
            long bytes = checkpoint[expected.Name].ByteLength;
            if (expected.MayBeScaled && checkpoint.TryGet(expected.ScaleName, out StoredTensor scale)) (tensors, bytes) = (2, bytes + scale.ByteLength);
            return (tensors, bytes);
        });
    }

    /// <summary>Counts what a config implies in the official layout (FP4 experts, FP8 matrices).</summary>
    public static WeightSizes OfOfficialLayout(V4Config config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return Count(config, config.MtpLayerCount > 0, expected => OfficialBytes(expected));
    }

    private static WeightSizes Count(V4Config config, bool hasPrediction, Func<ExpectedTensor, (int Tensors, long Bytes)> measure)
    {
        long dense = 0, experts = 0, largest = 0;
        int tensors = 0, denseTensors = 0;
        var ofExpert = new Dictionary<string, long>(StringComparer.Ordinal);
        IEnumerable<ExpectedTensor> all = TensorLayout.MainModel(config);
        foreach (ExpectedTensor expected in hasPrediction ? all.Concat(TensorLayout.MultiTokenPrediction(config)) : all)
        {
            (int count, long bytes) = measure(expected);
            tensors += count;
            if (expected.Role != TensorRole.Expert)
            {
                dense += bytes;
                denseTensors += count;
                continue;
            }

            string expert = expected.Name[..^".w1.weight".Length];
            long sum = ofExpert[expert] = ofExpert.GetValueOrDefault(expert) + bytes;
            experts += bytes;
            largest = Math.Max(largest, sum);
        }

        return new WeightSizes(dense, experts, ofExpert.Count, largest, tensors, denseTensors);
    }

    private static (int Tensors, long Bytes) OfficialBytes(ExpectedTensor expected)
    {
        long rows = expected.Shape[0];
        return expected.Role switch
        {
            TensorRole.Expert => (2, (expected.Count / 2) + (rows * ((expected.Shape[1] + 31) / 32))),
            TensorRole.Linear => (2, expected.Count + ((rows + 127) / 128 * ((expected.Shape[1] + 127) / 128))),
            TensorRole.Small => (1, expected.Count * 4),
            TensorRole.ExpertTable => (1, expected.Count * 8),
            _ => (1, expected.Count * 2),
        };
    }
}
