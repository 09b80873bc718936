using Fathom.Compute.Memory;

namespace Fathom.Compute.Reference;

/// <content>Routing and experts, specification section 7.</content>
public sealed unsafe partial class PlainDevice
{
    /// <inheritdoc/>
    public void RouteByScore(Rows logits, ReadOnlySpan<float> bias, float scale, Span<int> experts, Span<float> weights, int k)
    {
        for (int i = 0; i < logits.Count; i++)
        {
            Span<float> scores = logits[i];
            ToScores(scores);
            Routing.PickTop(scores, bias, experts.Slice(i * k, k));
            Routing.Weigh(scores, experts.Slice(i * k, k), scale, weights.Slice(i * k, k));
        }
    }

    /// <inheritdoc/>
    public void WeighHashed(Rows logits, float scale, ReadOnlySpan<int> experts, Span<float> weights, int k)
    {
        for (int i = 0; i < logits.Count; i++)
        {
            ToScores(logits[i]);
            Routing.Weigh(logits[i], experts.Slice(i * k, k), scale, weights.Slice(i * k, k));
        }
    }

    /// <inheritdoc/>
    public void SwiGlu(Rows gate, Rows up, float limit, ReadOnlySpan<float> rowWeights)
    {
        float cut = limit > 0f ? limit : float.PositiveInfinity;
        for (int i = 0; i < gate.Count; i++)
        {
            float weight = rowWeights.IsEmpty ? 1f : rowWeights[i];
            for (int c = 0; c < gate.Width; c++)
            {
                float g = MathF.Min(gate[i][c], cut);
                float u = Math.Clamp(up[i][c], -cut, cut);
                gate[i][c] = g * Sigmoid(g) * u * weight;
            }
        }
    }

    private static void ToScores(Span<float> logits)
    {
        foreach (ref float value in logits) value = Routing.Score(value);
    }
}
