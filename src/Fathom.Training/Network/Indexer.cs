namespace Fathom.Training.Network;

/// <summary>The lightning indexer (architecture specification, section 6) and the loss that it learns from.</summary>
internal static class Indexer
{
    /// <summary>Scores of all entries for all queries, [B, T, blocks]: Σ_h a_h · max(0, q_h · k_i). The Hadamard transform is left out on both sides, which changes nothing.</summary>
    public static Tensor Scores(V4Config config, Parameters parameters, string prefix, Tensor x, Tensor latent, TokenBatch batch, Rotation rotation, Tensor cos, Tensor sin)
    {
        Tensor keys = Compression.Run(x, parameters, prefix + "compressor.", V4Config.CsaRatio, batch, rotation, config.NormEpsilon)!;
        Tensor q = latent.matmul(parameters[prefix + "wq_b.weight"].t()).SplitDim(-1, config.IndexHeadCount, config.IndexHeadDim);
        q = Rotation.Apply(q, cos.unsqueeze(2), sin.unsqueeze(2));
        Tensor weights = x.matmul(parameters[prefix + "weights_proj.weight"].t()) * (1 / Math.Sqrt((double)config.IndexHeadDim * config.IndexHeadCount));
        Tensor products = q.flatten(1, 2).matmul(keys.transpose(1, 2)).SplitDim(1, batch.Length, config.IndexHeadCount);
        return weights.unsqueeze(2).matmul(products.relu()).squeeze(2);
    }

    /// <summary>The k best visible entries of each query, bool [B, T, blocks].</summary>
    public static Tensor Pick(Tensor scores, Tensor visible, int k)
    {
        using var scope = no_grad();
        Tensor masked = scores.detach().masked_fill(visible.logical_not(), double.NegativeInfinity);

        // A stable sort, because scores of exactly zero are common and ties go to the lower entry.
        Tensor picks = masked.sort(-1, descending: true, stable: true).Indices.narrow(-1, 0, k);
        Tensor picked = zeros_like(visible).scatter(-1, picks, ones_like(picks).to(ScalarType.Bool));
        return picked.logical_and(visible);
    }

    /// <summary>KL(target ‖ softmax of the scores): the target is the main attention over the entries, summed over heads and normalised (section 9.9). The mean over queries that see more than one entry.</summary>
    /// <param name="scores">[B, T, blocks].</param>
    /// <param name="mass">The main attention's probabilities of the entries, summed over heads, without a gradient, [B, T, blocks].</param>
    /// <param name="used">Entries that take part, [B, T, blocks].</param>
    public static Tensor Loss(Tensor scores, Tensor mass, Tensor used)
    {
        Tensor counts = used.sum([-1]);
        Tensor takesPart = counts > 1;
        Tensor target = mass / (mass.sum([-1], keepdim: true) + 1e-9);

        // Where nothing is used the softmax would be of nothing: such rows get a harmless row of zeros and no weight.
        Tensor masked = scores.masked_fill(used.logical_not(), -1e30);
        Tensor logPredicted = masked.log_softmax(-1).masked_fill(used.logical_not(), 0);
        Tensor divergence = (target * ((target + 1e-9).log() - logPredicted)).sum([-1]);
        return (divergence * takesPart.to(scores.dtype)).sum() / takesPart.sum().clamp_min(1);
    }
}
