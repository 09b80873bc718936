using Fathom.Compute.Memory;
using Fathom.Model.Weights;

namespace Fathom.Model.Layers;

/// <summary>The MTP block (specification section 8): from the streams at position i and the token at i + 1 it predicts the token at i + 2.</summary>
internal sealed class MultiTokenPrediction(LayerContext context, Block block)
{
    /// <summary>Runs the block on copies of the streams, in place.</summary>
    /// <param name="weights">The block.</param>
    /// <param name="plan">The rows of the forward before; <see cref="Plan.Caches"/> points at the MTP caches.</param>
    /// <param name="nextEmbeddings">Embeddings of the tokens at i + 1, [n, hidden]; overwritten.</param>
    /// <param name="streams">Streams after the last layer, before the head, [n, S·hidden]; replaced.</param>
    /// <param name="angles">Angles of the positions i, [n, rotary dims].</param>
    public void Run(PredictionWeights weights, Plan plan, Rows nextEmbeddings, Rows streams, Rows angles)
    {
        float epsilon = context.Config.NormEpsilon;
        Workspace work = context.Workspace;
        int hidden = nextEmbeddings.Width, s = streams.Width / hidden;

        context.Device.RmsNorm(nextEmbeddings, weights.EmbeddingNorm, epsilon, nextEmbeddings);
        context.RoundInputInPlace(weights.EmbeddingProjection, nextEmbeddings);
        Rows fromEmbedding = work.SubLayerOutput.Take(nextEmbeddings.Count, hidden);
        context.Device.Linear(nextEmbeddings, weights.EmbeddingProjection, fromEmbedding);

        Rows eachStream = streams.Reshape(hidden);
        Rows normed = work.HeadOutputs.Take(eachStream.Count, hidden);
        context.Device.RmsNorm(eachStream, weights.StreamNorm, epsilon, normed);
        context.RoundInputInPlace(weights.StreamProjection, normed);
        context.Device.Linear(normed, weights.StreamProjection, eachStream);

        // The embedding's term goes to all streams of its row.
        for (int k = 0; k < s; k++)
        {
            var rows = new int[nextEmbeddings.Count];
            for (int i = 0; i < rows.Length; i++) rows[i] = (i * s) + k;
            context.Device.ScatterAdd(fromEmbedding, rows, eachStream);
        }

        block.Run(weights.Block, plan, streams, angles);
    }
}
