using System.Numerics.Tensors;
using Fathom.Checkpoints;
using Fathom.Model;

namespace Fathom.Evaluation.Predictions;

/// <summary>How far a model's predictions are from those of a reference.</summary>
/// <param name="Tokens">Tokens that were predicted.</param>
/// <param name="MeanDivergence">Mean of KL(reference ‖ model), in nats.</param>
/// <param name="Percentiles">KL that the given share of tokens (50, 90, 99, 99.9, 100 per cent) does not exceed.</param>
/// <param name="Agreement">Share of tokens at which both hold the same successor for the most likely.</param>
/// <param name="ReferencePerplexity">Of the reference.</param>
/// <param name="Perplexity">Of the model.</param>
/// <param name="LayerErrors">For each layer the root mean square difference of the streams after it, relative to the reference's; none when the models have different layers.</param>
/// <param name="LayerStride">Layers were compared at every so manieth token of the text, so that what is kept for it stays small.</param>
public sealed record DivergenceResult(
    int Tokens, double MeanDivergence, IReadOnlyList<(double Percent, double Divergence)> Percentiles, double Agreement, double ReferencePerplexity, double Perplexity, IReadOnlyList<double> LayerErrors, int LayerStride);

/// <summary>Compares the predictions of two models with the same vocabulary.</summary>
public static class DivergenceTest
{
    private static readonly double[] Percents = [50, 90, 99, 99.9, 100];

    /// <summary>Reads a text with both models, piece by piece in turn; both are open at once and share the memory.</summary>
    /// <param name="reference">The model to compare with.</param>
    /// <param name="path">The model to judge.</param>
    /// <param name="text">Token ids.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="progress">Receives the share that was read.</param>
    /// <param name="cancellation">Looked at between layers.</param>
    /// <exception cref="ArgumentException">The models have different vocabularies, the windows are longer than one of them allows, or there is too little memory.</exception>
    /// <exception cref="InvalidDataException">A model's logits are not finite.</exception>
    public static DivergenceResult Measure(string reference, string path, int[] text, MeasurementOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        options ??= new MeasurementOptions();
        (V4Model a, V4Model b) = MeasuredModel.OpenPair(reference, path, options, config => BytesFor(config, text.Length));
        using V4Model first = a, second = b;
        LayerComparison? layers = LayerComparison.Of(a.Config, b.Config);
        (a.Observer, b.Observer) = (layers?.Reference, layers?.Other);
        var tokens = new ComparedTokens(a, b, text.Length);
        int piece = Math.Min(a.MaxBatchRows, b.MaxBatchRows);
        foreach (int[] window in TextWindows.Of(text, options.Context, a.Config.BosTokenId))
        {
            using ISession sessionOfA = a.CreateSession(), sessionOfB = b.CreateSession();
            for (int start = 0; start < window.Length - 1; start += piece)
            {
                ReadOnlyMemory<int> rows = window.AsMemory(start, Math.Min(piece, window.Length - 1 - start));
                layers?.Begin(tokens.Count);
                SlicedLogits ofA = a.ForwardSliced(new Batch().Add(sessionOfA, rows, LogitRows.All), cancellation), ofB = b.ForwardSliced(new Batch().Add(sessionOfB, rows, LogitRows.All), cancellation);
                for (int row = 0; row < rows.Length; row += SlicedLogits.UsualRows)
                {
                    cancellation.ThrowIfCancellationRequested();
                    int count = Math.Min(SlicedLogits.UsualRows, rows.Length - row);
                    tokens.Add(ofA.Slice(row, count), ofB.Slice(row, count), window.AsSpan(start + row + 1, count));
                    progress?.Report((double)tokens.Count / text.Length);
                }
            }
        }

        return tokens.Result(layers);
    }

    // Kept streams, two distributions, the text, and what came out for each token.
    private static long BytesFor(V4Config config, int tokens) => LayerComparison.MostBytes(config) + (2L * config.VocabularySize * sizeof(double)) + ((long)tokens * (sizeof(int) + sizeof(double)));

    private sealed class ComparedTokens(V4Model a, V4Model b, int capacity)
    {
        private readonly double[] p = new double[a.VocabularySize], q = new double[a.VocabularySize];
        private readonly List<double> divergences = new(capacity);
        private double lossOfA, lossOfB;
        private int agreeing;

        public int Count => divergences.Count;

        public void Add(Logits ofA, Logits ofB, ReadOnlySpan<int> next)
        {
            for (int row = 0; row < ofA.Rows; row++)
            {
                Distribution.LogSoftmax(ofA[row], p, a, Count);
                Distribution.LogSoftmax(ofB[row], q, b, Count);
                (lossOfA, lossOfB) = (lossOfA - p[next[row]], lossOfB - q[next[row]]);
                if (TensorPrimitives.IndexOfMax(ofA[row]) == TensorPrimitives.IndexOfMax(ofB[row])) agreeing++;
                divergences.Add(Distribution.Divergence(p, q));
            }
        }

        public DivergenceResult Result(LayerComparison? layers)
        {
            double mean = divergences.Average();
            divergences.Sort();
            return new DivergenceResult(
                Count, mean, [.. Percents.Select(percent => (percent, divergences[Math.Clamp((int)Math.Ceiling(percent / 100 * Count) - 1, 0, Count - 1)]))],
                (double)agreeing / Count, Math.Exp(lossOfA / Count), Math.Exp(lossOfB / Count), layers?.Errors ?? [], layers?.Stride ?? 1);
        }
    }
}
