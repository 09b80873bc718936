using Fathom.Training.Network.Kernels;

namespace Fathom.Training.Network;

/// <summary>Manifold-constrained hyper-connections (architecture specification, section 3).</summary>
internal static class HyperConnection
{
    /// <summary>Mixes streams [B, T, S, D] into a sub-layer's input [B, T, D], with the weights of its way back: post [B, T, S] and comb [B, T, S, S].</summary>
    public static (Tensor Mixed, Tensor Post, Tensor Comb) Mix(Tensor streams, Tensor fn, Tensor bias, Tensor scale, V4Config config)
    {
        int s = config.HyperStreams;
        Tensor mix = Project(streams, fn, config);
        Tensor pre = ((mix.narrow(-1, 0, s) * scale[0]) + bias.narrow(0, 0, s)).sigmoid() + config.HyperEpsilon;
        Tensor post = ((mix.narrow(-1, s, s) * scale[1]) + bias.narrow(0, s, s)).sigmoid() * 2;
        Tensor comb = ((mix.narrow(-1, 2 * s, s * s) * scale[2]) + bias.narrow(0, 2 * s, s * s)).SplitDim(-1, s, s);
        return (WeightedSum(pre, streams), post, Sinkhorn(comb, config.SinkhornIterations, config.HyperEpsilon));
    }

    /// <summary>Spreads a sub-layer's output [B, T, D] over the streams: X'_k = post_k · o + Σ_j comb[j,k] · X_j.</summary>
    public static Tensor Spread(Tensor streams, Tensor output, Tensor post, Tensor comb) =>
        Rows.Fit(streams) ? SpreadKernel.apply(streams, output, post, comb) : PlainSpread(streams, output, post, comb);

    /// <summary>The plain twin of <see cref="SpreadKernel"/>.</summary>
    internal static Tensor PlainSpread(Tensor streams, Tensor output, Tensor post, Tensor comb) =>
        (post.unsqueeze(-1) * output.unsqueeze(-2)) + comb.transpose(-1, -2).matmul(streams);

    /// <summary>Reduces streams to one vector for the head (section 3.5).</summary>
    public static Tensor Reduce(Tensor streams, Tensor fn, Tensor bias, Tensor scale, V4Config config)
    {
        Tensor gates = ((Project(streams, fn, config) * scale[0]) + bias).sigmoid() + config.HyperEpsilon;
        return WeightedSum(gates, streams);
    }

    /// <summary>Makes matrices [..., S, S] doubly stochastic, exactly as section 3.3.</summary>
    public static Tensor Sinkhorn(Tensor a, int iterations, double epsilon) =>
        Rows.Fit(a) ? SinkhornKernel.apply(a, iterations, epsilon) : PlainSinkhorn(a, iterations, epsilon);

    /// <summary>The plain twin of <see cref="SinkhornKernel"/>.</summary>
    internal static Tensor PlainSinkhorn(Tensor a, int iterations, double epsilon)
    {
        Tensor m = a.softmax(-1) + epsilon;
        m = m / (m.sum(-2, keepdim: true) + epsilon);
        for (int i = 1; i < iterations; i++)
        {
            m = m / (m.sum(-1, keepdim: true) + epsilon);
            m = m / (m.sum(-2, keepdim: true) + epsilon);
        }

        return m;
    }

    /// <summary>The plain twin of <see cref="WeightedSumKernel"/>.</summary>
    internal static Tensor PlainWeightedSum(Tensor weights, Tensor streams) => weights.unsqueeze(-2).matmul(streams).squeeze(-2);

    private static Tensor WeightedSum(Tensor weights, Tensor streams) =>
        Rows.Fit(streams) ? WeightedSumKernel.apply(weights, streams) : PlainWeightedSum(weights, streams);

    // The norm has no weight here: fn takes it.
    private static Tensor Project(Tensor streams, Tensor fn, V4Config config) => Norms.Rms(streams.flatten(-2), config.NormEpsilon).matmul(fn.t());
}
