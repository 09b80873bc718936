using Fathom.Checkpoints;
using Fathom.Compute;

namespace Fathom.Model.Weights;

/// <summary>Weights of one layer (or of the MTP block): an attention half and an expert half, each in its hyper-connection.</summary>
internal sealed class LayerWeights
{
    /// <summary>Index of the layer; the MTP block has the index after the last layer.</summary>
    public required int Index { get; init; }

    public required LayerKind Kind { get; init; }

    public required HyperConnectionWeights AttentionStreams { get; init; }

    public required HyperConnectionWeights ExpertStreams { get; init; }

    public required float[] AttentionNorm { get; init; }

    public required float[] ExpertNorm { get; init; }

    public required AttentionWeights Attention { get; init; }

    public required MixtureWeights Mixture { get; init; }

    /// <summary>The layer's single rotation table: queries, keys, compressed entries, indexer.</summary>
    public required RotaryTable Rotary { get; init; }
}

/// <summary>Weights of hybrid attention (specification sections 4 to 6).</summary>
internal sealed class AttentionWeights
{
    /// <summary><c>wq_a</c>, [query rank, hidden].</summary>
    public required WeightMatrix QueryDown { get; init; }

    public required float[] QueryNorm { get; init; }

    /// <summary><c>wq_b</c>, [heads·headDim, query rank].</summary>
    public required WeightMatrix QueryUp { get; init; }

    /// <summary><c>wkv</c>, [headDim, hidden]: one vector is key and value of all heads.</summary>
    public required WeightMatrix KeyValue { get; init; }

    public required float[] KeyValueNorm { get; init; }

    /// <summary><c>wo_a</c>, [groups·output rank, heads·headDim/groups], block-diagonal.</summary>
    public required WeightMatrix OutputDown { get; init; }

    /// <summary><c>wo_b</c>, [hidden, groups·output rank].</summary>
    public required WeightMatrix OutputUp { get; init; }

    /// <summary>One logit per head that takes part in the softmax's denominator only.</summary>
    public required float[] Sinks { get; init; }

    /// <summary>The compressor of CSA and HCA layers.</summary>
    public CompressorWeights? Compressor { get; init; }

    /// <summary>The lightning indexer of CSA layers.</summary>
    public IndexerWeights? Indexer { get; init; }
}

/// <summary>Weights of a compressor (specification section 5.1).</summary>
internal sealed class CompressorWeights
{
    /// <summary>m: tokens per compressed entry.</summary>
    public required int Ratio { get; init; }

    /// <summary>c: width of an entry.</summary>
    public required int Width { get; init; }

    /// <summary>Whether a block also looks at the tokens of the block before (m = 4).</summary>
    public required bool Overlaps { get; init; }

    /// <summary><c>wkv</c>, [c or 2c, hidden].</summary>
    public required WeightMatrix Values { get; init; }

    /// <summary><c>wgate</c>, [c or 2c, hidden].</summary>
    public required WeightMatrix Scores { get; init; }

    /// <summary><c>ape</c>, [m, c or 2c].</summary>
    public required float[] PositionBias { get; init; }

    public required float[] Norm { get; init; }

    /// <summary>Width of the raw rows: c, or 2c with overlap.</summary>
    public int RawWidth => Overlaps ? 2 * Width : Width;

    /// <summary>Positions that an entry pools: m, or 2m with overlap.</summary>
    public int Reach => Overlaps ? 2 * Ratio : Ratio;
}

/// <summary>Weights of the lightning indexer (specification section 6.1).</summary>
internal sealed class IndexerWeights
{
    /// <summary><c>wq_b</c>, [index heads·index headDim, query rank].</summary>
    public required WeightMatrix QueryUp { get; init; }

    /// <summary><c>weights_proj</c>, [index heads, hidden].</summary>
    public required WeightMatrix HeadWeights { get; init; }

    public required CompressorWeights Compressor { get; init; }
}

/// <summary>Weights of a mixture of experts (specification section 7).</summary>
internal sealed class MixtureWeights
{
    /// <summary><c>gate</c>, [experts, hidden].</summary>
    public required WeightMatrix Router { get; init; }

    /// <summary>Selection bias of score layers, [experts]; null in hash layers.</summary>
    public float[]? SelectionBias { get; init; }

    /// <summary>Experts of each token id, [vocabulary, k]; null in score layers.</summary>
    public int[]? HashTable { get; init; }

    public required ExpertWeights[] Routed { get; init; }

    public required ExpertWeights[] Shared { get; init; }
}

/// <summary>One expert: <c>w1</c> gate [F, hidden], <c>w3</c> up [F, hidden], <c>w2</c> down [hidden, F].</summary>
internal sealed record ExpertWeights(WeightMatrix Gate, WeightMatrix Up, WeightMatrix Down)
{
    /// <summary>Scales that nobody has looked at yet: a checkpoint too large to be read whole has them checked expert by expert.</summary>
    public StoredTensor[] UncheckedScales { get; set; } = [];

    /// <summary>Looks at the scales before the first use.</summary>
    /// <exception cref="CheckpointException">A scale is not a number.</exception>
    public void CheckScalesOnce()
    {
        if (UncheckedScales.Length == 0) return;
        foreach (StoredTensor scale in UncheckedScales) ScaleCheck.Verify(scale);
        UncheckedScales = [];
    }
}

/// <summary>Weights of the multi-token-prediction block (specification section 8).</summary>
internal sealed class PredictionWeights
{
    public required LayerWeights Block { get; init; }

    /// <summary><c>e_proj</c>, [hidden, hidden].</summary>
    public required WeightMatrix EmbeddingProjection { get; init; }

    /// <summary><c>h_proj</c>, [hidden, hidden].</summary>
    public required WeightMatrix StreamProjection { get; init; }

    public required float[] EmbeddingNorm { get; init; }

    public required float[] StreamNorm { get; init; }

    public required float[] Norm { get; init; }

    public required HyperConnectionWeights HeadStreams { get; init; }
}
