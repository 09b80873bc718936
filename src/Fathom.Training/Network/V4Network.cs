namespace Fathom.Training.Network;

/// <summary>What a forward of the network gives.</summary>
/// <param name="Streams">Residual streams after the last layer, [B, T, S, hidden].</param>
/// <param name="IndexLoss">The indexers' own loss, averaged over CSA layers; null when it was not asked for.</param>
/// <param name="BalanceLoss">The sequence-wise balance loss, averaged over score layers; null without any.</param>
/// <param name="Loads">For each score layer the tokens of every expert, by the name of its selection bias.</param>
internal sealed record ForwardResult(Tensor Streams, Tensor? IndexLoss, Tensor? BalanceLoss, IReadOnlyDictionary<string, Tensor> Loads);

/// <summary>DeepSeek V4 as a differentiable function of its parameters (architecture specification, section 2 and 9.9).</summary>
internal sealed class V4Network
{
    private readonly V4Config config;
    private readonly Parameters parameters;
    private readonly HybridAttention attention;
    private readonly Mixture mixture;

    public V4Network(V4Config config, Parameters parameters)
    {
        this.config = config;
        this.parameters = parameters;
        attention = new HybridAttention(config, parameters);
        mixture = new Mixture(config, parameters);
    }

    /// <summary>What compressed layers look at.</summary>
    public AttentionMode Mode
    {
        get => attention.Mode;
        set => attention.Mode = value;
    }

    /// <summary>Whether there is an MTP block.</summary>
    public bool HasPrediction => parameters.Has("mtp.0.e_proj.weight");

    /// <summary>Runs all layers.</summary>
    public ForwardResult Forward(TokenBatch batch, bool wantsIndexLoss = false)
    {
        Tensor streams = Embed(batch.Tokens).unsqueeze(2).expand(-1, -1, config.HyperStreams, -1);
        var losses = new Losses();
        for (int layer = 0; layer < config.LayerCount; layer++)
            streams = Layer($"layers.{layer}.", config.RatioOf(layer), streams, batch, wantsIndexLoss, losses);
        return new ForwardResult(streams, Mean(losses.Index), Mean(losses.Balance), losses.Loads);
    }

    /// <summary>Logits of the main head, [..., vocabulary], for streams [..., S, hidden].</summary>
    public Tensor Logits(Tensor streams) => Head(streams, "hc_head", "norm.weight");

    /// <summary>Logits of the MTP block for the token after the next, [B, T, vocabulary] (section 8).</summary>
    /// <param name="streams">Streams after the last layer.</param>
    /// <param name="nextTokens">The token that follows each place, int64 [B, T].</param>
    /// <param name="batch">The batch of the forward.</param>
    public Tensor PredictAfterNext(Tensor streams, Tensor nextTokens, TokenBatch batch)
    {
        const string prefix = "mtp.0.";
        Tensor embedding = Norms.Rms(Embed(nextTokens), parameters[prefix + "enorm.weight"], config.NormEpsilon).matmul(parameters[prefix + "e_proj.weight"].t());
        Tensor hidden = Norms.Rms(streams, parameters[prefix + "hnorm.weight"], config.NormEpsilon).matmul(parameters[prefix + "h_proj.weight"].t());
        Tensor after = Layer(prefix, 0, hidden + embedding.unsqueeze(2), batch, false, new Losses());
        return Head(after, prefix + "hc_head", prefix + "norm.weight");
    }

    private Tensor Layer(string prefix, int ratio, Tensor streams, TokenBatch batch, bool wantsIndexLoss, Losses losses)
    {
        (Tensor mixed, Tensor post, Tensor comb) = Mix(streams, prefix + "hc_attn");
        (Tensor output, Tensor? index) = attention.Run(prefix + "attn.", ratio, Norms.Rms(mixed, parameters[prefix + "attn_norm.weight"], config.NormEpsilon), batch, wantsIndexLoss);
        if (index is not null) losses.Index.Add(index);
        streams = HyperConnection.Spread(streams, output, post, comb);

        (mixed, post, comb) = Mix(streams, prefix + "hc_ffn");
        (output, Tensor? balance, Tensor load) = mixture.Run(prefix + "ffn.", Norms.Rms(mixed, parameters[prefix + "ffn_norm.weight"], config.NormEpsilon), batch);
        if (balance is not null)
        {
            losses.Balance.Add(balance);
            losses.Loads[prefix + "ffn.gate.bias"] = load;
        }

        return HyperConnection.Spread(streams, output, post, comb);
    }

    private (Tensor Mixed, Tensor Post, Tensor Comb) Mix(Tensor streams, string prefix) =>
        HyperConnection.Mix(streams, parameters[prefix + "_fn"], parameters[prefix + "_base"], parameters[prefix + "_scale"], config);

    private Tensor Head(Tensor streams, string prefix, string norm)
    {
        Tensor reduced = HyperConnection.Reduce(streams, parameters[prefix + "_fn"], parameters[prefix + "_base"], parameters[prefix + "_scale"], config);
        return Norms.Rms(reduced, parameters[norm], config.NormEpsilon).matmul(parameters["head.weight"].t());
    }

    private Tensor Embed(Tensor tokens) => parameters["embed.weight"].index_select(0, tokens.flatten()).SplitDim(0, tokens.shape[0], tokens.shape[1]);

    private static Tensor? Mean(List<Tensor> losses) => losses.Count == 0 ? null : stack([.. losses]).mean();

    private sealed class Losses
    {
        public List<Tensor> Index { get; } = [];

        public List<Tensor> Balance { get; } = [];

        public Dictionary<string, Tensor> Loads { get; } = [];
    }
}
