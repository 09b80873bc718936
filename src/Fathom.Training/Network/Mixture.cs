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
        // Tokens sorted by expert: one gathering, a matrix product for each expert, one scattering.
        Tensor order = picks.flatten().sort(0, descending: false, stable: true).Indices, places = order.div(config.ExpertsPerToken, RoundingMode.floor);
        load = picks.flatten().bincount(null, config.ExpertCount).to(ScalarType.Float32);
        long[] counts = Array.ConvertAll(load.data<float>().ToArray(), count => (long)count);
        Tensor[] inputs = x.index_select(0, places).split(counts, 0), shares = weights.flatten().index_select(0, order).unsqueeze(1).split(counts, 0);
        Tensor[] w1 = parameters[prefix + "experts.w1.weight"].unbind(0), w2 = parameters[prefix + "experts.w2.weight"].unbind(0), w3 = parameters[prefix + "experts.w3.weight"].unbind(0);
        Tensor outputs = cat([.. Enumerable.Range(0, counts.Length).Where(e => counts[e] > 0).Select(e => Expert(inputs[e], w1[e], w3[e], w2[e], shares[e]))], 0);
        return zeros_like(x).index_add(0, places, outputs, 1);
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
