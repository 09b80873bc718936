using Fathom.Model;

namespace Fathom.Evaluation.Predictions;

/// <summary>Mean loss of tokens at similar places of their windows.</summary>
/// <param name="FirstKnown">Tokens that were known before them, at least.</param>
/// <param name="LastKnown">At most.</param>
/// <param name="Tokens">How many were predicted there.</param>
/// <param name="MeanLoss">Mean of −log p(token), in nats.</param>
public sealed record PlaceLoss(int FirstKnown, int LastKnown, int Tokens, double MeanLoss);

/// <summary>How well a model predicts a text.</summary>
/// <param name="Tokens">Tokens that were predicted.</param>
/// <param name="MeanLoss">Mean of −log p(token), in nats.</param>
/// <param name="LossError">Standard error of that mean, as if tokens were independent.</param>
/// <param name="Places">The loss by the number of tokens that were known, in doubling steps.</param>
public sealed record PerplexityResult(int Tokens, double MeanLoss, double LossError, IReadOnlyList<PlaceLoss> Places)
{
    /// <summary>exp of the mean loss.</summary>
    public double Perplexity => Math.Exp(MeanLoss);
}

/// <summary>Measures perplexity: every token of the text is predicted from those before it in its window.</summary>
public static class PerplexityTest
{
    /// <summary>Reads a text.</summary>
    /// <param name="path">The model.</param>
    /// <param name="text">Token ids.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="progress">Receives the share that was read.</param>
    /// <param name="cancellation">Looked at between layers.</param>
    /// <exception cref="ArgumentException">The windows are longer than the model allows, or there is too little memory.</exception>
    /// <exception cref="InvalidDataException">The model's logits are not finite.</exception>
    public static PerplexityResult Measure(string path, int[] text, MeasurementOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        options ??= new MeasurementOptions();
        using V4Model model = MeasuredModel.Open(path, options, config => (config.VocabularySize * (long)sizeof(double)) + (text.Length * (long)sizeof(int)));
        var log = new double[model.VocabularySize];
        double sum = 0, squares = 0;
        int count = 0;
        var places = new (double Sum, int Tokens)[32];
        foreach (int[] window in TextWindows.Of(text, options.Context, model.Config.BosTokenId))
        {
            using ISession session = model.CreateSession();
            for (int first = 0; first < window.Length - 1; first += model.MaxBatchRows)
            {
                int rows = Math.Min(model.MaxBatchRows, window.Length - 1 - first);
                SlicedLogits logits = model.ForwardSliced(new Batch().Add(session, window.AsMemory(first, rows), LogitRows.All), cancellation);
                for (int row = 0; row < rows; row += SlicedLogits.UsualRows)
                {
                    cancellation.ThrowIfCancellationRequested();
                    Logits slice = logits.Slice(row, Math.Min(SlicedLogits.UsualRows, rows - row));
                    for (int i = 0; i < slice.Rows; i++)
                    {
                        int known = first + row + i + 1;
                        Distribution.LogSoftmax(slice[i], log, model, count);
                        double loss = -log[window[known]];
                        (sum, squares, count) = (sum + loss, squares + (loss * loss), count + 1);
                        ref (double Sum, int Tokens) place = ref places[int.Log2(known)];
                        place = (place.Sum + loss, place.Tokens + 1);
                    }

                    progress?.Report((double)count / text.Length);
                }
            }
        }

        double mean = sum / count;
        IEnumerable<PlaceLoss> byPlace = places.Select((place, step) => new PlaceLoss(1 << step, (int)Math.Min((2L << step) - 1, options.Context - 1), place.Tokens, place.Sum / place.Tokens));
        return new PerplexityResult(count, mean, Math.Sqrt(Math.Max(0, (squares / count) - (mean * mean)) / count), [.. byPlace.Where(place => place.Tokens > 0)]);
    }
}
