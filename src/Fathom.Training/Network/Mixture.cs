namespace Fathom.Training.Network;

/// <summary>Routed and shared experts (architecture specification, section 7).</summary>
internal sealed class Mixture(V4Config config, Parameters parameters)
{
    // Keeps the gradient of the square root finite where the score is nearly zero.
    private const double ScoreFloor = 1e-12;

    /// <summary>The output, the sequence-wise balance loss (null in hash layers), and how many tokens each expert got, float [experts].</summary>
    public (Tensor Output, Tensor? Balance, Tensor Load) Run(string prefix, Tensor x, TokenBatch batch)
    {
        Tensor flat = x.flatten(0, 1);
        Tensor scores = (nn.functional.softplus(flat.matmul(parameters[prefix + "gate.weight"].t())) + ScoreFloor).sqrt();
        bool isHash = parameters.Tables.TryGetValue(prefix + "gate.tid2eid", out Tensor? table);
        Tensor picks = isHash
            ? table!.index_select(0, batch.Tokens.flatten())
            : (scores.detach() + parameters.Tables[prefix + "gate.bias"]).topk(config.ExpertsPerToken, -1).indexes;
        Tensor weights = scores.gather(1, picks);
        weights = weights / weights.sum([-1], keepdim: true) * config.RoutedScalingFactor;

        Tensor output = Routed(prefix, flat, picks, weights, out Tensor load);
        if (config.SharedExpertCount > 0)
        {
            string shared = prefix + "shared_experts.";
            output = output + Expert(flat, parameters[shared + "w1.weight"], parameters[shared + "w3.weight"], parameters[shared + "w2.weight"], null);
        }

        return (output.SplitDim(0, batch.Rows, batch.Length), isHash ? null : Balance(scores, picks, batch), load);
    }

    private Tensor Routed(string prefix, Tensor x, Tensor picks, Tensor weights, out Tensor load)
    {
        Tensor w1 = parameters[prefix + "experts.w1.weight"], w2 = parameters[prefix + "experts.w2.weight"], w3 = parameters[prefix + "experts.w3.weight"];
        Tensor output = zeros_like(x);
        var counts = new float[config.ExpertCount];
        for (int e = 0; e < counts.Length; e++)
        {
            Tensor places = (picks == e).nonzero();
            counts[e] = places.shape[0];
            if (counts[e] == 0) continue;
            Tensor rows = places.select(1, 0);
            Tensor weight = weights[rows, places.select(1, 1)].unsqueeze(1);
            output = output.index_add(0, rows, Expert(x.index_select(0, rows), w1[e], w3[e], w2[e], weight), 1);
        }

        load = tensor(counts);
        return output;
    }

    // 7.2: the routing weight is applied before w2.
    private Tensor Expert(Tensor x, Tensor w1, Tensor w3, Tensor w2, Tensor? weight)
    {
        Tensor gate = x.matmul(w1.t()), up = x.matmul(w3.t());
        if (config.SwiGluLimit > 0)
        {
            gate = gate.clamp_max(config.SwiGluLimit);
            up = up.clamp(-config.SwiGluLimit, config.SwiGluLimit);
        }

        Tensor a = nn.functional.silu(gate) * up;
        return (weight is null ? a : a * weight).matmul(w2.t());
    }

    // Σ_e f_e · P_e for each sequence: f the expert's share of picks, P its mean normalised score (section 9.9).
    private Tensor Balance(Tensor scores, Tensor picks, TokenBatch batch)
    {
        int experts = config.ExpertCount, k = config.ExpertsPerToken;
        Tensor share = (scores / scores.sum([-1], keepdim: true)).SplitDim(0, batch.Rows, batch.Length).mean([1]);
        Tensor counts = nn.functional.one_hot(picks, experts).sum(1).SplitDim(0, batch.Rows, batch.Length).sum([1]).to(scores.dtype);
        return (counts * ((double)experts / (k * batch.Length)) * share).sum([-1]).mean();
    }
}
