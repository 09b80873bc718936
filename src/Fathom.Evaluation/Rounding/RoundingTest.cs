using System.Numerics.Tensors;
using Fathom.Checkpoints;
using Fathom.Evaluation.Predictions;
using Fathom.Evaluation.Recall;
using Fathom.Inference;
using Fathom.Model;
using Fathom.Text;

namespace Fathom.Evaluation.Rounding;

/// <summary>How far next-token distributions are from those of <see cref="NumericProfile.Plain"/> with 32-bit caches.</summary>
/// <param name="Profile">The profile.</param>
/// <param name="Caches">How its session stored compressed entries.</param>
/// <param name="Tokens">Tokens whose successor was predicted.</param>
/// <param name="MeanDivergence">Mean of KL(plain ‖ profile), in nats.</param>
/// <param name="LargestDivergence">The largest one.</param>
/// <param name="Agreement">Share of tokens at which both hold the same successor for the most likely.</param>
public sealed record RoundingResult(NumericProfile Profile, CacheStorage Caches, int Tokens, double MeanDivergence, double LargestDivergence, double Agreement);

/// <summary>Measures what the rounding of activations and of caches does to predictions.</summary>
public static class RoundingTest
{
    /// <summary>A generated document with a question, or random tokens for a model without a tokenizer.</summary>
    public static int[] TextFor(string path, int tokens)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path, looksAtExperts: false);
        try
        {
            (Tokenizer tokenizer, ChatFormat format) = ModelTokenizer.Of(checkpoint);
            RecallDocument document = RecallDocument.Create(RecallTest.Seed, 1, tokens * 5, 1);
            ChatPrompt prompt = new ChatEncoder(format).Encode([ChatMessage.Of("user", RecallDocument.Prompt(document.Text, document.Questions[0].Question))], new ChatEncodingOptions());
            int[] text = tokenizer.Encode(prompt.Spans);
            if (text.Length >= tokens && tokenizer.VocabularySize <= checkpoint.Config.VocabularySize) return text[..tokens];
        }
        catch (TokenizerException)
        {
            // No tokenizer: any tokens will do.
        }

        var random = new Random(1);
        return [.. Enumerable.Range(0, tokens).Select(_ => random.Next(checkpoint.Config.VocabularySize))];
    }

    /// <summary>Reads a text both ways, piece by piece in turn; the model is open twice, and both share the memory.</summary>
    /// <param name="path">The model.</param>
    /// <param name="profile">What to compare with the plain profile.</param>
    /// <param name="caches">Its storage of compressed entries.</param>
    /// <param name="text">Token ids.</param>
    /// <param name="options">Threads and memory, and nothing else of them; null for the defaults.</param>
    /// <param name="cancellation">Looked at between layers.</param>
    /// <exception cref="ArgumentException">The text is longer than the model allows, or there is too little memory.</exception>
    public static RoundingResult Measure(string path, NumericProfile profile, CacheStorage caches, int[] text, MeasurementOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        MeasurementOptions exact = (options ?? new MeasurementOptions()) with { Context = Math.Max(MeasurementOptions.LeastContext, text.Length), Profile = NumericProfile.Plain, Caches = CacheStorage.F32 };
        (V4Model a, V4Model b) = MeasuredModel.OpenPair(path, path, exact, config => BytesFor(config, text.Length), exact with { Profile = profile, Caches = caches });
        using V4Model plain = a, other = b;
        using ISession plainSession = plain.CreateSession(), otherSession = other.CreateSession();
        double sum = 0, largest = 0;
        int agreeing = 0, piece = Math.Min(plain.MaxBatchRows, other.MaxBatchRows);
        double[] p = new double[plain.VocabularySize], q = new double[plain.VocabularySize];
        for (int first = 0; first < text.Length; first += piece)
        {
            ReadOnlyMemory<int> tokens = text.AsMemory(first, Math.Min(piece, text.Length - first));
            SlicedLogits ofPlain = plain.ForwardSliced(new Batch().Add(plainSession, tokens, LogitRows.All), cancellation), ofOther = other.ForwardSliced(new Batch().Add(otherSession, tokens, LogitRows.All), cancellation);
            for (int slice = 0; slice < tokens.Length; slice += SlicedLogits.UsualRows)
            {
                int rows = Math.Min(SlicedLogits.UsualRows, tokens.Length - slice);
                Logits one = ofPlain.Slice(slice, rows), two = ofOther.Slice(slice, rows);
                for (int row = 0; row < rows; row++)
                {
                    Distribution.LogSoftmax(one[row], p);
                    Distribution.LogSoftmax(two[row], q);
                    double divergence = Distribution.Divergence(p, q);
                    sum += divergence;
                    largest = Math.Max(largest, divergence);
                    if (TensorPrimitives.IndexOfMax(one[row]) == TensorPrimitives.IndexOfMax(two[row])) agreeing++;
                }
            }
        }

        return new RoundingResult(profile, caches, text.Length, sum / text.Length, largest, (double)agreeing / text.Length);
    }

    // Two distributions, and the text.
    private static long BytesFor(V4Config config, int tokens) => (2L * config.VocabularySize * sizeof(double)) + ((long)tokens * sizeof(int));
}
