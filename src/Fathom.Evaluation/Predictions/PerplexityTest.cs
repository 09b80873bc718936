using Fathom.Model;

namespace Fathom.Evaluation.Predictions;

/// <summary>How well a model predicts a text.</summary>
/// <param name="Tokens">Tokens that were predicted.</param>
/// <param name="MeanLoss">Mean of −log p(token), in nats.</param>
/// <param name="LossError">Standard error of that mean, as if tokens were independent.</param>
public sealed record PerplexityResult(int Tokens, double MeanLoss, double LossError)
{
    /// <summary>exp of the mean loss.</summary>
    public double Perplexity => Math.Exp(MeanLoss);
}

/// <summary>Measures perplexity: every token of the text is predicted from those before it in its window.</summary>
public static class PerplexityTest
{
    // Logits of so many tokens are kept at once, because a real vocabulary is wide.
    internal const int Chunk = 64;

    /// <summary>Reads a text.</summary>
    /// <param name="path">The model.</param>
    /// <param name="text">Token ids.</param>
    /// <param name="context">Tokens of a window; each begins anew.</param>
    /// <param name="profile">Where activations are rounded.</param>
    /// <param name="workers">Threads; null for all.</param>
    /// <param name="progress">Receives the share that was read.</param>
    /// <param name="cancellation">Looked at between layers.</param>
    public static PerplexityResult Measure(string path, int[] text, int context, NumericProfile profile = NumericProfile.Fast, int? workers = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        using V4Model model = V4Model.Open(path, new V4ModelOptions { Profile = profile, Workers = workers });
        var log = new double[model.VocabularySize];
        double sum = 0, squares = 0;
        int count = 0;
        foreach (int[] window in TextWindows.Of(text, context, model.Config.BosTokenId))
        {
            using ISession session = model.CreateSession();
            for (int first = 0; first < window.Length - 1; first += Chunk)
            {
                int rows = Math.Min(Chunk, window.Length - 1 - first);
                Logits logits = model.Forward(new Batch().Add(session, window.AsMemory(first, rows), LogitRows.All), cancellation);
                for (int row = 0; row < rows; row++)
                {
                    Distribution.LogSoftmax(logits[row], log);
                    double loss = -log[window[first + row + 1]];
                    (sum, squares, count) = (sum + loss, squares + (loss * loss), count + 1);
                }

                progress?.Report((double)count / text.Length);
            }
        }

        double mean = sum / count;
        return new PerplexityResult(count, mean, Math.Sqrt(Math.Max(0, (squares / count) - (mean * mean)) / count));
    }
}
