using System.Numerics.Tensors;
using Fathom.Model;

namespace Fathom.Evaluation.Predictions;

/// <summary>How far a model's predictions are from those of a reference.</summary>
/// <param name="Tokens">Tokens that were predicted.</param>
/// <param name="MeanDivergence">Mean of KL(reference ‖ model), in nats.</param>
/// <param name="Percentiles">KL that the given share of tokens (50, 90, 99, 99.9, 100 per cent) does not exceed.</param>
/// <param name="Agreement">Share of tokens at which both hold the same successor for the most likely.</param>
/// <param name="ReferencePerplexity">Of the reference.</param>
/// <param name="Perplexity">Of the model.</param>
/// <param name="LayerErrors">For each layer the root mean square difference of the streams after it, relative to the reference's.</param>
public sealed record DivergenceResult(
    int Tokens, double MeanDivergence, IReadOnlyList<(double Percent, double Divergence)> Percentiles, double Agreement, double ReferencePerplexity, double Perplexity, IReadOnlyList<double> LayerErrors);

/// <summary>Compares the predictions of two models with the same vocabulary.</summary>
public static class DivergenceTest
{
    private static readonly double[] Percents = [50, 90, 99, 99.9, 100];

    /// <summary>Reads a text with both models.</summary>
    /// <param name="reference">The model to compare with.</param>
    /// <param name="path">The model to judge.</param>
    /// <param name="text">Token ids.</param>
    /// <param name="context">Tokens of a window; each begins anew.</param>
    /// <param name="profile">Where activations are rounded, in both.</param>
    /// <param name="workers">Threads; null for all.</param>
    /// <param name="progress">Receives the share that was read.</param>
    /// <param name="cancellation">Looked at between layers.</param>
    /// <exception cref="ArgumentException">The models have different vocabularies.</exception>
    public static DivergenceResult Measure(string reference, string path, int[] text, int context, NumericProfile profile = NumericProfile.Fast, int? workers = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        using V4Model a = V4Model.Open(reference, new V4ModelOptions { Profile = profile, Workers = workers }), b = V4Model.Open(path, new V4ModelOptions { Profile = profile, Workers = workers });
        if (a.VocabularySize != b.VocabularySize) throw new ArgumentException($"{reference} has {a.VocabularySize} tokens and {path} {b.VocabularySize}; only models with one vocabulary can be compared.", nameof(path));
        var layers = a.Config.LayerCount == b.Config.LayerCount && a.Config.HiddenSize == b.Config.HiddenSize ? new LayerComparison(a.Config.LayerCount) : null;
        (a.Observer, b.Observer) = (layers?.Reference, layers?.Other);
        double[] p = new double[a.VocabularySize], q = new double[a.VocabularySize];
        var divergences = new List<double>();
        double lossOfA = 0, lossOfB = 0;
        int agreeing = 0;
        foreach (int[] window in TextWindows.Of(text, context, a.Config.BosTokenId))
        {
            using ISession sessionOfA = a.CreateSession(), sessionOfB = b.CreateSession();
            for (int first = 0; first < window.Length - 1; first += PerplexityTest.Chunk)
            {
                ReadOnlyMemory<int> tokens = window.AsMemory(first, Math.Min(PerplexityTest.Chunk, window.Length - 1 - first));
                Logits ofA = a.Forward(new Batch().Add(sessionOfA, tokens, LogitRows.All), cancellation), ofB = b.Forward(new Batch().Add(sessionOfB, tokens, LogitRows.All), cancellation);
                for (int row = 0; row < tokens.Length; row++)
                {
                    Distribution.LogSoftmax(ofA[row], p);
                    Distribution.LogSoftmax(ofB[row], q);
                    divergences.Add(Distribution.Divergence(p, q));
                    (lossOfA, lossOfB) = (lossOfA - p[window[first + row + 1]], lossOfB - q[window[first + row + 1]]);
                    if (TensorPrimitives.IndexOfMax(ofA[row]) == TensorPrimitives.IndexOfMax(ofB[row])) agreeing++;
                }

                progress?.Report((double)divergences.Count / text.Length);
            }
        }

        int count = divergences.Count;
        divergences.Sort();
        return new DivergenceResult(
            count, divergences.Average(), [.. Percents.Select(percent => (percent, divergences[Math.Clamp((int)Math.Ceiling(percent / 100 * count) - 1, 0, count - 1)]))],
            (double)agreeing / count, Math.Exp(lossOfA / count), Math.Exp(lossOfB / count), layers?.Errors ?? []);
    }
}
