using System.Numerics.Tensors;

namespace Fathom.Evaluation.Predictions;

/// <summary>Next-token distributions.</summary>
internal static class Distribution
{
    /// <summary>log softmax, in 64 bits.</summary>
    public static void LogSoftmax(ReadOnlySpan<float> logits, double[] result)
    {
        double max = TensorPrimitives.Max(logits), sum = 0;
        foreach (float logit in logits) sum += Math.Exp(logit - max);
        double log = max + Math.Log(sum);
        for (int i = 0; i < result.Length; i++) result[i] = logits[i] - log;
    }

    /// <summary>KL(p ‖ q) of two distributions as logarithms, in nats.</summary>
    public static double Divergence(double[] p, double[] q)
    {
        double sum = 0;
        for (int i = 0; i < p.Length; i++) sum += Math.Exp(p[i]) * (p[i] - q[i]);
        return Math.Max(0, sum);
    }
}
