using Fathom.Checkpoints;
using Fathom.Checkpoints.Conversion;
using Fathom.Checkpoints.Gguf;
using Fathom.Evaluation.Importance;
using Fathom.Evaluation.Predictions;
using Fathom.Evaluation.Recall;
using Fathom.Inference;
using Fathom.Model;
using Fathom.Model.Streaming;
using Fathom.Text;

namespace Fathom.Evaluation.Tests;

/// <summary>Perplexity, divergence and importance, on Minnow and on Minnow with rounded experts.</summary>
public sealed class PredictionTests : IDisposable
{
    private const int Context = 512;

    private static readonly MeasurementOptions Options = new() { Context = Context };

    private static readonly string Minnow = Repository.PathOf("models", "builtin");

    private readonly string folder = Directory.CreateTempSubdirectory("fathom-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Perplexity_is_that_of_the_logits_and_does_not_depend_on_chunks()
    {
        int[] text = Text(1, 300);
        PerplexityResult result = PerplexityTest.Measure(Minnow, text, Options with { Profile = NumericProfile.Plain }, cancellation: TestContext.Current.CancellationToken);
        using V4Model model = V4Model.Open(Minnow, new V4ModelOptions { Profile = NumericProfile.Plain });
        using ISession session = model.CreateSession();
        int[] window = [0, .. text];
        Logits logits = model.Forward(new Batch().Add(session, window, LogitRows.All));
        double loss = Enumerable.Range(0, text.Length).Average(i =>
        {
            float[] row = logits[i].ToArray();
            double max = row.Max();
            return Math.Log(row.Sum(logit => Math.Exp(logit - max))) + max - row[window[i + 1]];
        });
        Assert.Equal(300, result.Tokens);
        Assert.Equal(loss, result.MeanLoss, 6);
        Assert.InRange(result.Perplexity, 1, 100);
    }

    [Fact]
    public void A_model_does_not_diverge_from_itself_and_does_from_its_rounded_self()
    {
        int[] text = Text(1, 200);
        DivergenceResult same = DivergenceTest.Measure(Minnow, Minnow, text, Options, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal((200, 0.0, 1.0), (same.Tokens, same.MeanDivergence, same.Agreement));
        Assert.All(same.LayerErrors, error => Assert.Equal(0, error));

        DivergenceResult rounded = DivergenceTest.Measure(Minnow, Rounded(StoredType.Q2K, null), text, Options, cancellation: TestContext.Current.CancellationToken);
        Assert.InRange(rounded.MeanDivergence, 1e-4, 1);
        Assert.InRange(rounded.Agreement, 0.7, 1);
        Assert.Equal(rounded.Percentiles.Select(pair => pair.Divergence).Order(), rounded.Percentiles.Select(pair => pair.Divergence));
        Assert.Equal(5, rounded.LayerErrors.Count);
        Assert.InRange(rounded.LayerErrors[4], rounded.LayerErrors[0], 1);
    }

    [Fact]
    public void Importance_makes_rounded_experts_better()
    {
        // The longer texts are those of the table in docs/quantization.md.
        bool isLong = Environment.GetEnvironmentVariable("FATHOM_LONG_TESTS") == "1";
        int read = isLong ? 30_000 : 10_000;
        ImportanceMatrix importance = ImportanceTest.Measure(Minnow, Text(1, read), Options, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(15, importance.Sums.Count);
        Assert.All(importance.Counts.Where(pair => pair.Key.Contains("gate", StringComparison.Ordinal)), pair => Assert.Equal(2 * (read + ((read + Context - 1) / Context)), pair.Value.Sum()));

        int[] text = Text(1_000_000, isLong ? 20_000 : 6_000);
        int better = 0;
        var measured = new List<MeasuredResult<DivergenceResult>>();
        foreach (StoredType type in (StoredType[])[StoredType.Q4K, StoredType.Q2K, StoredType.Iq2Xxs])
        {
            DivergenceResult without = DivergenceTest.Measure(Minnow, Rounded(type, null), text, Options, cancellation: TestContext.Current.CancellationToken);
            DivergenceResult with = DivergenceTest.Measure(Minnow, Rounded(type, importance), text, Options, cancellation: TestContext.Current.CancellationToken);
            string name = StoredTypes.NameOf(type);
            measured.AddRange([new(name, Sized(type), without), new($"{name}, importance", Sized(type), with)]);

            // Four bits lose so little that on a short text importance may drown in what the text happens to say.
            Assert.InRange(with.MeanDivergence, 0, type == StoredType.Q4K && !isLong ? 1.05 * without.MeanDivergence : without.MeanDivergence);
            if (with.Perplexity < without.Perplexity) better++;
        }

        Assert.InRange(better, 1, 3);

        // The table and the picture of docs/quantization.md.
        if (Environment.GetEnvironmentVariable("FATHOM_REPORT") is { } place) new DivergenceReport("FP4 (original)", ModelFacts.Of(Minnow), measured, Options).Write(place);
    }

    // Minnow with its experts as large as the format makes them; the measured file keeps their values as 32-bit numbers.
    private static ModelFacts Sized(StoredType experts)
    {
        var facts = ModelFacts.Of(Minnow);
        using Checkpoint checkpoint = Checkpoint.Open(Minnow);
        long values = TensorLayout.Of(facts.Config, checkpoint.HasMultiTokenPrediction).Where(tensor => tensor.Role == TensorRole.Expert).Sum(tensor => tensor.Count);
        return facts with { Bytes = facts.Bytes - WeightSizes.Of(checkpoint).ExpertBytes + StoredTypes.BytesOf(experts, [values]) };
    }

    private string Rounded(StoredType type, ImportanceMatrix? importance)
    {
        string path = Path.Combine(folder, $"{type}-{importance is not null}.gguf"), tokenizer = Path.Combine(Minnow, "tokenizer.json");
        using Checkpoint minnow = Checkpoint.Open(Minnow);
        TokenizerLists lists = TokenizerLists.Parse(File.ReadAllBytes(tokenizer), minnow.Config.VocabularySize, tokenizer);
        var options = new QuantizationOptions { Experts = type, Decoded = true, Matrices = MatrixFormat.BF16, Importance = importance };
        Quantization.Write(minnow, path, new GgufVocabulary(lists.Tokens, lists.Kinds, lists.Merges, tokenizer), options, cancellation: TestContext.Current.CancellationToken);
        return path;
    }

    // Documents with questions and answers, one after the other.
    private static int[] Text(int first, int tokens)
    {
        using FathomModel model = FathomModel.Open(Minnow);
        var text = new List<int>();
        for (int number = first; text.Count < tokens; number++)
        {
            RecallDocument document = RecallDocument.Create(RecallTest.Seed, number, 1200, 1);
            (string question, string answer) = (document.Questions[0].Question, document.Questions[0].Answer);
            text.AddRange(model.Tokenizer.Encode(model.Render([ChatMessage.Of("user", RecallDocument.Prompt(document.Text, question))], new ChatOptions()).Spans));
            text.AddRange(model.Tokenizer.Encode(answer, matchAddedTokens: false));
        }

        return [.. text.Take(tokens)];
    }
}
