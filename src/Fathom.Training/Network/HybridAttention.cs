using Fathom.Training.Network.Kernels;

namespace Fathom.Training.Network;

/// <summary>Window keys and compressed entries in one softmax with a sink (architecture specification, sections 4 to 6).</summary>
internal sealed class HybridAttention(V4Config config, Parameters parameters)
{
    private readonly Rotation windowRotation = Rotation.ForWindowLayers(config);
    private readonly Rotation compressedRotation = Rotation.ForCompressedLayers(config);

    /// <summary>How compressed entries of CSA layers are chosen, and whether the layers see any.</summary>
    public AttentionMode Mode { get; set; } = AttentionMode.Sparse;

    /// <summary>The output [B, T, hidden], and the indexer's own loss in CSA layers when it is asked for.</summary>
    public (Tensor Output, Tensor? IndexLoss) Run(string prefix, int ratio, Tensor x, TokenBatch batch, bool wantsIndexLoss)
    {
        Rotation rotation = ratio == 0 ? windowRotation : compressedRotation;
        (Tensor cos, Tensor sin) = rotation.Angles(batch.Positions, x.dtype);

        // 4.1 and 4.2
        Tensor latent = Norms.Rms(x.matmul(parameters[prefix + "wq_a.weight"].t()), parameters[prefix + "q_norm.weight"], config.NormEpsilon);
        Tensor q = latent.matmul(parameters[prefix + "wq_b.weight"].t()).SplitDim(-1, config.HeadCount, config.HeadDim);
        q = Rotation.Apply(Norms.Rms(q, config.NormEpsilon), cos.unsqueeze(2), sin.unsqueeze(2));
        Tensor kv = Norms.Rms(x.matmul(parameters[prefix + "wkv.weight"].t()), parameters[prefix + "kv_norm.weight"], config.NormEpsilon);
        kv = Rotation.Apply(kv, cos, sin);

        Tensor? entries = ratio == 0 || Mode == AttentionMode.WindowOnly ? null : Compression.Run(x, parameters, prefix + "compressor.", ratio, batch, rotation, config.NormEpsilon);
        Tensor? picks = null, indexScores = null;
        bool isSparse = ratio == V4Config.CsaRatio && Mode == AttentionMode.Sparse && entries is not null && entries.shape[1] > config.IndexTopK;
        if (ratio == V4Config.CsaRatio && entries is not null && (isSparse || wantsIndexLoss))
        {
            indexScores = Indexer.Scores(config, parameters, prefix + "indexer.", x.detach(), latent.detach(), batch, compressedRotation, cos, sin);
            if (isSparse) picks = Indexer.Pick(indexScores, KeyMasks.Entries(batch, entries.shape[1], ratio), config.IndexTopK);
        }

        bool wantsMass = wantsIndexLoss && indexScores is not null;
        (Tensor heads, Tensor? mass) = Rows.Fit(q) ? Fused(prefix, ratio, q, kv, entries, batch, picks, wantsMass) : Plain(prefix, ratio, q, kv, entries, batch, picks);
        Tensor? indexLoss = wantsMass ? Indexer.Loss(indexScores!, mass!, picks ?? KeyMasks.Entries(batch, entries!.shape[1], ratio)) : null;

        // 4.6
        heads = Rotation.Apply(heads, cos.unsqueeze(2), sin.unsqueeze(2), inverse: true).flatten(2);
        Tensor grouped = heads.flatten(0, 1).SplitDim(-1, config.OutputGroups, -1).transpose(0, 1);
        Tensor down = parameters[prefix + "wo_a.weight"].SplitDim(0, config.OutputGroups, -1).transpose(1, 2);
        Tensor u = grouped.matmul(down).transpose(0, 1).flatten(1).SplitDim(0, batch.Rows, batch.Length);
        return (u.matmul(parameters[prefix + "wo_b.weight"].t()), indexLoss);
    }

    private (Tensor Heads, Tensor? Mass) Fused(string prefix, int ratio, Tensor q, Tensor kv, Tensor? entries, TokenBatch batch, Tensor? picks, bool wantsMass)
    {
        Tensor? mass = wantsMass ? zeros(batch.Rows, batch.Length, entries!.shape[1]) : null;
        var shape = new AttentionShape(config.Window, entries is null ? 0 : ratio, (float)(1 / Math.Sqrt(config.HeadDim)));
        return (AttentionKernel.Run(q, kv, entries, parameters[prefix + "attn_sink"], batch.Starts, picks, mass, shape), mass);
    }

    // The plain twin of AttentionKernel, with all scores at once.
    internal (Tensor Heads, Tensor? Mass) Plain(string prefix, int ratio, Tensor q, Tensor kv, Tensor? entries, TokenBatch batch, Tensor? picks)
    {
        q = q * (1 / Math.Sqrt(config.HeadDim));
        (Tensor windowScores, Tensor keys) = WindowScores(q, kv, batch);
        long width = windowScores.shape[^1];
        if (entries is null) return (WindowValues(Softmax(prefix, windowScores).narrow(-1, 0, width), keys, batch.Length), null);

        long blocks = entries.shape[1];
        Tensor used = picks ?? KeyMasks.Entries(batch, blocks, ratio);
        Tensor entryScores = q.flatten(1, 2).matmul(entries.transpose(1, 2)).SplitDim(1, batch.Length, config.HeadCount);
        entryScores = entryScores.masked_fill(used.logical_not().unsqueeze(2), double.NegativeInfinity);
        Tensor probabilities = Softmax(prefix, cat([windowScores, entryScores], -1));
        Tensor ofEntries = probabilities.narrow(-1, width, blocks);
        Tensor heads = WindowValues(probabilities.narrow(-1, 0, width), keys, batch.Length)
            + ofEntries.flatten(1, 2).matmul(entries).SplitDim(1, batch.Length, config.HeadCount);
        return (heads, ofEntries.detach().sum([2]));
    }

    // Queries in chunks of W against the keys of their chunk and the one before: [B, T, H, 2W] scores and the keys [B, chunks, 2W, d].
    private (Tensor Scores, Tensor Keys) WindowScores(Tensor q, Tensor kv, TokenBatch batch)
    {
        int window = config.Window;
        long chunks = (batch.Length + window - 1) / window, padding = (chunks * window) - batch.Length;
        Tensor keys = nn.functional.pad(kv, [0, 0, window, padding]).unfold(1, 2 * window, window).transpose(2, 3);
        Tensor chunked = nn.functional.pad(q, [0, 0, 0, 0, 0, padding]).SplitDim(1, chunks, window);
        Tensor scores = chunked.flatten(2, 3).matmul(keys.transpose(2, 3)).SplitDim(2, window, config.HeadCount);
        scores = scores.masked_fill(KeyMasks.Window(batch, window, chunks).logical_not().unsqueeze(3), double.NegativeInfinity);
        return (scores.flatten(1, 2).narrow(1, 0, batch.Length), keys);
    }

    private Tensor WindowValues(Tensor probabilities, Tensor keys, long length)
    {
        int window = config.Window;
        long chunks = keys.shape[1];
        Tensor chunked = nn.functional.pad(probabilities, [0, 0, 0, 0, 0, (chunks * window) - length]).SplitDim(1, chunks, window);
        return chunked.flatten(2, 3).matmul(keys).SplitDim(2, window, config.HeadCount).flatten(1, 2).narrow(1, 0, length);
    }

    // 4.5: the sink is one more logit without a value; its share is cut off by the callers.
    private Tensor Softmax(string prefix, Tensor scores)
    {
        Tensor sink = parameters[prefix + "attn_sink"].reshape(1, 1, -1, 1).expand(scores.shape[0], scores.shape[1], -1, 1);
        return cat([scores, sink], -1).softmax(-1);
    }
}
