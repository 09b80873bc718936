using System.Numerics.Tensors;
using Fathom.Model;

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

    /// <summary>log softmax of a model's logits, which must be numbers.</summary>
    /// <param name="logits">The logits.</param>
    /// <param name="result">Receives the logarithms.</param>
    /// <param name="model">The model.</param>
    /// <param name="token">Which token of the text is predicted, from 0.</param>
    /// <exception cref="InvalidDataException">A logit is not finite.</exception>
    public static void LogSoftmax(ReadOnlySpan<float> logits, double[] result, V4Model model, int token)
    {
        if (!float.IsFinite(TensorPrimitives.Max(logits)) || !float.IsFinite(TensorPrimitives.Min(logits)))
            throw new InvalidDataException($"{model.Checkpoint.Location} predicts nothing for token {token + 1} of the text: some of its logits are not finite numbers. Its weights are damaged, or were rounded to a format that does not hold them; make or fetch the model again.");
        LogSoftmax(logits, result);
    }

    /// <summary>KL(p ‖ q) of two distributions as logarithms, in nats.</summary>
    public static double Divergence(double[] p, double[] q)
    {
        double sum = 0;
        for (int i = 0; i < p.Length; i++) sum += Math.Exp(p[i]) * (p[i] - q[i]);
        return Math.Max(0, sum);
    }
}
