namespace Fathom.Training.Network;

/// <summary>Pools blocks of tokens into entries, position form (architecture specification, section 5.2).</summary>
internal static class Compression
{
    /// <summary>The entries of all full blocks, [B, blocks, width], normed and rotated; null when no block is full.</summary>
    /// <param name="x">Normed input, [B, T, hidden].</param>
    /// <param name="parameters">The model's parameters.</param>
    /// <param name="prefix">Where the compressor's parameters are.</param>
    /// <param name="ratio">Tokens per block; 4 overlaps with the block before.</param>
    /// <param name="batch">Where documents begin.</param>
    /// <param name="rotation">The layer's rotation.</param>
    /// <param name="epsilon">Of the norm.</param>
    public static Tensor? Run(Tensor x, Parameters parameters, string prefix, int ratio, TokenBatch batch, Rotation rotation, double epsilon)
    {
        long blocks = batch.Length / ratio;
        if (blocks == 0) return null;
        Tensor used = x.narrow(1, 0, blocks * ratio);
        Tensor values = used.matmul(parameters[prefix + "wkv.weight"].t()).SplitDim(1, blocks, ratio);
        Tensor scores = used.matmul(parameters[prefix + "wgate.weight"].t()).SplitDim(1, blocks, ratio) + parameters[prefix + "ape"];
        if (ratio == V4Config.CsaRatio) (values, scores) = WithBlockBefore(values, scores, batch, ratio);
        Tensor pooled = (scores.softmax(2) * values).sum(2);
        pooled = Norms.Rms(pooled, parameters[prefix + "norm.weight"], epsilon);
        (Tensor cos, Tensor sin) = rotation.Angles(FirstOf(batch.Positions, blocks, ratio), x.dtype);
        return Rotation.Apply(pooled, cos, sin);
    }

    /// <summary>What belongs to a block's first token: every ratio-th element of [B, T].</summary>
    public static Tensor FirstOf(Tensor values, long blocks, int ratio) => values.narrow(1, 0, blocks * ratio).SplitDim(1, blocks, ratio).select(2, 0);

    // Candidates of block i: the tokens of block i − 1 through the first half, its own through the second. The first
    // block of a document has none before it.
    private static (Tensor Values, Tensor Scores) WithBlockBefore(Tensor values, Tensor scores, TokenBatch batch, int ratio)
    {
        long blocks = values.shape[1], width = values.shape[3] / 2;
        Tensor isFirst = FirstOf(batch.Starts, blocks, ratio) == (arange(blocks, int64) * ratio);
        Tensor before = isFirst.unsqueeze(-1).unsqueeze(-1);
        return (
            cat([Earlier(values, width, 0).masked_fill(before, 0), values.narrow(3, width, width)], 2),
            cat([Earlier(scores, width, 0).masked_fill(before, double.NegativeInfinity), scores.narrow(3, width, width)], 2));
    }

    private static Tensor Earlier(Tensor blocks, long width, long half) => blocks.narrow(3, half, width).roll(1, 1);
}
