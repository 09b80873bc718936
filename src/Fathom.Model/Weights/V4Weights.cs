using Fathom.Compute;

namespace Fathom.Model.Weights;

/// <summary>All weights of a model. Matrices point into the mapped checkpoint; vectors are copies in 32 bits.</summary>
internal sealed class V4Weights
{
    /// <summary>[vocabulary, hidden].</summary>
    public required WeightMatrix Embedding { get; init; }

    /// <summary>[vocabulary, hidden].</summary>
    public required WeightMatrix Head { get; init; }

    public required float[] Norm { get; init; }

    public required HyperConnectionWeights HeadStreams { get; init; }

    public required LayerWeights[] Layers { get; init; }

    /// <summary>The MTP block, when the checkpoint has one.</summary>
    public PredictionWeights? Prediction { get; init; }
}
