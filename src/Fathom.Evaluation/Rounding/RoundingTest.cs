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
    // Logits of so many tokens are kept at once, because a real vocabulary is wide.
    private const int Chunk = 64;

    /// <summary>A generated document with a question, or random tokens for a model without a tokenizer.</summary>
    public static int[] TextFor(string path, int tokens)
    {
        try
        {
            using FathomModel model = FathomModel.Open(path);
            RecallDocument document = RecallDocument.Create(RecallTest.Seed, 1, tokens * 5, 1);
            ChatPrompt prompt = model.Render([ChatMessage.Of("user", RecallDocument.Prompt(document.Text, document.Questions[0].Question))], new ChatOptions());
            int[] text = model.Tokenizer.Encode(prompt.Spans);
            if (text.Length >= tokens) return text[..tokens];
        }
        catch (Exception exception) when (exception is TokenizerException or CheckpointException)
        {
            // No tokenizer, or one that does not fit: any tokens will do.
        }

        using V4Model bare = V4Model.Open(path);
        var random = new Random(1);
        return [.. Enumerable.Range(0, tokens).Select(_ => random.Next(bare.VocabularySize))];
    }

    /// <summary>Reads a text both ways.</summary>
    /// <param name="path">The model.</param>
    /// <param name="profile">What to compare with the plain profile.</param>
    /// <param name="caches">Its storage of compressed entries.</param>
    /// <param name="text">Token ids.</param>
    /// <param name="workers">Threads; null for all.</param>
    /// <param name="cancellation">Looked at between layers.</param>
    public static RoundingResult Measure(string path, NumericProfile profile, CacheStorage caches, int[] text, int? workers = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        using V4Model plain = V4Model.Open(path, new V4ModelOptions { Workers = workers, Profile = NumericProfile.Plain });
        using V4Model other = V4Model.Open(path, new V4ModelOptions { Workers = workers, Profile = profile, CacheStorage = caches });
        using ISession plainSession = plain.CreateSession(), otherSession = other.CreateSession();
        double sum = 0, largest = 0;
        int agreeing = 0;
        double[] p = new double[plain.VocabularySize], q = new double[plain.VocabularySize];
        for (int first = 0; first < text.Length; first += Chunk)
        {
            ReadOnlyMemory<int> tokens = text.AsMemory(first, Math.Min(Chunk, text.Length - first));
            Logits a = plain.Forward(new Batch().Add(plainSession, tokens, LogitRows.All), cancellation);
            Logits b = other.Forward(new Batch().Add(otherSession, tokens, LogitRows.All), cancellation);
            for (int row = 0; row < tokens.Length; row++)
            {
                Distribution.LogSoftmax(a[row], p);
                Distribution.LogSoftmax(b[row], q);
                double divergence = Distribution.Divergence(p, q);
                sum += divergence;
                largest = Math.Max(largest, divergence);
                if (TensorPrimitives.IndexOfMax(a[row]) == TensorPrimitives.IndexOfMax(b[row])) agreeing++;
            }
        }

        return new RoundingResult(profile, caches, text.Length, sum / text.Length, largest, (double)agreeing / text.Length);
    }
}
