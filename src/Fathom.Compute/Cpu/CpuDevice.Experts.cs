using Fathom.Compute.Memory;
using Fathom.Compute.Workers;

namespace Fathom.Compute.Cpu;

/// <content>Routing, row by row: a few hundred numbers for each token.</content>
public sealed unsafe partial class CpuDevice
{
    /// <inheritdoc/>
    public void RouteByScore(Rows logits, ReadOnlySpan<float> bias, float scale, Span<int> experts, Span<float> weights, int k)
    {
        fixed (float* b = bias)
        fixed (int* e = experts)
        fixed (float* w = weights)
        {
            var job = new RouteJob { Logits = logits, Bias = b, Scale = scale, Experts = e, Weights = w, K = k };
            RunRows(ref job, logits.Count, logits.Width * 16);
        }
    }

    /// <inheritdoc/>
    public void WeighHashed(Rows logits, float scale, ReadOnlySpan<int> experts, Span<float> weights, int k)
    {
        fixed (int* e = experts)
        fixed (float* w = weights)
        {
            var job = new RouteJob { Logits = logits, Bias = null, Scale = scale, Experts = e, Weights = w, K = k };
            RunRows(ref job, logits.Count, logits.Width * 16);
        }
    }

    private struct RouteJob : IParallelJob
    {
        public Rows Logits;
        public float* Bias;
        public float Scale;
        public int* Experts;
        public float* Weights;
        public int K;

        public readonly void Execute(int item, int worker)
        {
            Span<float> scores = Logits[item];
            foreach (ref float value in scores) value = Routing.Score(value);
            var experts = new Span<int>(Experts + ((long)item * K), K);
            if (Bias is not null) Routing.PickTop(scores, new ReadOnlySpan<float>(Bias, scores.Length), experts);
            Routing.Weigh(scores, experts, Scale, new Span<float>(Weights + ((long)item * K), K));
        }
    }
}
