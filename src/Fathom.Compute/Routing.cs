namespace Fathom.Compute;

/// <summary>The gate's arithmetic for one token (architecture specification, section 7.1); too small to need a fast twin.</summary>
public static class Routing
{
    /// <summary>s = sqrt(softplus(logit)), with softplus(v) = v above 20 and log(1 + e^v) below.</summary>
    public static float Score(float logit)
    {
        if (logit > 20f) return MathF.Sqrt(logit);

        // log1p(e) in double: for very negative logits the sum 1 + e would lose e in 32 bits.
        double e = Math.Exp(logit);
        double softplus = e < 1e-8 ? e : Math.Log(1.0 + e);
        return (float)Math.Sqrt(softplus);
    }

    /// <summary>The experts with the highest score + bias, best first; ties go to the lower expert.</summary>
    /// <param name="scores">[experts].</param>
    /// <param name="bias">[experts].</param>
    /// <param name="picked">Receives the experts, [k].</param>
    public static void PickTop(ReadOnlySpan<float> scores, ReadOnlySpan<float> bias, Span<int> picked)
    {
        for (int place = 0; place < picked.Length; place++)
        {
            int best = -1;
            float bestValue = 0f;
            for (int e = 0; e < scores.Length; e++)
            {
                float value = scores[e] + bias[e];
                if ((best < 0 || value > bestValue) && !picked[..place].Contains(e)) (best, bestValue) = (e, value);
            }

            picked[place] = best;
        }
    }

    /// <summary>w_j = scale · s_j / Σ s over the picked experts.</summary>
    /// <param name="scores">[experts], without bias.</param>
    /// <param name="picked">[k].</param>
    /// <param name="scale">The routed scaling factor.</param>
    /// <param name="weights">Receives the weights, [k].</param>
    public static void Weigh(ReadOnlySpan<float> scores, ReadOnlySpan<int> picked, float scale, Span<float> weights)
    {
        float sum = 0f;
        foreach (int expert in picked) sum += scores[expert];
        for (int j = 0; j < picked.Length; j++) weights[j] = scores[picked[j]] / sum * scale;
    }
}
