using Fathom.Checkpoints;
using Fathom.Checkpoints.Conversion;
using Fathom.Evaluation.Importance;
using Fathom.Evaluation.Predictions;
using Fathom.Model;
using Fathom.Model.Streaming;

namespace Fathom.Evaluation.Tests;

/// <summary>Measurements on models that do not fit into their budget say exactly what they say of models in memory.</summary>
public sealed class StreamedMeasurementTests : IDisposable
{
    private const int Context = 200;

    private static readonly MeasurementOptions Resident = new() { Context = Context, Workers = 2 };

    private readonly TemporaryFolder folder = new();
    private readonly int[] text = RandomText(700, 512);

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(NumericProfile.Fast, CacheStorage.F32)]
    [InlineData(NumericProfile.Plain, CacheStorage.Compact)]
    public void Perplexity(NumericProfile profile, CacheStorage caches)
    {
        string path = Synthetic("model", 1);
        MeasurementOptions resident = Resident with { Profile = profile, Caches = caches }, streamed = Streamed(resident, _ => 0, path);
        using (V4Model model = MeasuredModel.Open(path, streamed, _ => 0))
        {
            Assert.True(model.MemoryPlan.IsStreaming);
            Assert.InRange(model.MemoryPlan.TotalBytes, 1, streamed.Memory!.Value);
            Assert.Equal(Context, model.MaxPositions);
        }

        PerplexityResult expected = PerplexityTest.Measure(path, text, resident, cancellation: TestContext.Current.CancellationToken), found = PerplexityTest.Measure(path, text, streamed, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal((expected.Tokens, expected.MeanLoss, expected.LossError), (found.Tokens, found.MeanLoss, found.LossError));
        Assert.Equal(expected.Places, found.Places);
        Assert.Equal(700, found.Places.Sum(place => place.Tokens));
        Assert.Equal((1, 1, 4), (found.Places[0].FirstKnown, found.Places[0].LastKnown, found.Places[0].Tokens));
        Assert.Equal((128, Context - 1), (found.Places[^1].FirstKnown, found.Places[^1].LastKnown));
    }

    [Fact]
    public void Divergence()
    {
        string reference = Synthetic("reference", 1), path = Synthetic("model", 2);
        MeasurementOptions streamed = Streamed(Resident, LayerComparison.MostBytes, reference, path);
        (V4Model a, V4Model b) = MeasuredModel.OpenPair(reference, path, streamed, LayerComparison.MostBytes);
        using (a)
        using (b)
        {
            Assert.True(a.MemoryPlan.IsStreaming && b.MemoryPlan.IsStreaming);
            Assert.InRange(a.MemoryPlan.TotalBytes + b.MemoryPlan.TotalBytes, 1, streamed.Memory!.Value);
            Assert.Equal(LayerComparison.MostBytes(a.Config), a.MemoryPlan.OtherBytes);
        }

        DivergenceResult expected = DivergenceTest.Measure(reference, path, text, Resident, cancellation: TestContext.Current.CancellationToken), found = DivergenceTest.Measure(reference, path, text, streamed, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal((expected.Tokens, expected.MeanDivergence, expected.Agreement, expected.ReferencePerplexity, expected.Perplexity), (found.Tokens, found.MeanDivergence, found.Agreement, found.ReferencePerplexity, found.Perplexity));
        Assert.Equal(expected.Percentiles, found.Percentiles);
        Assert.Equal(expected.LayerErrors, found.LayerErrors);
        Assert.All(found.LayerErrors, error => Assert.InRange(error, 0.1, 3));
    }

    [Fact]
    public void Importance()
    {
        string path = Synthetic("model", 1);
        MeasurementOptions streamed = Streamed(Resident, ImportanceDevice.BytesFor, path);
        using (V4Model model = MeasuredModel.Open(path, streamed with { Profile = NumericProfile.Plain }, ImportanceDevice.BytesFor)) Assert.True(model.MemoryPlan.IsStreaming);
        ImportanceMatrix expected = ImportanceTest.Measure(path, text, Resident, cancellation: TestContext.Current.CancellationToken), found = ImportanceTest.Measure(path, text, streamed, cancellation: TestContext.Current.CancellationToken);
        AssertSame(expected, found);
        Assert.Equal(3 * 4, found.Sums.Count);
        Assert.Same(found.Sums["blk.1.ffn_gate_exps.weight"], found.Sums["blk.1.ffn_up_exps.weight"]);
        Assert.True(found.Sums.Values.Distinct().Sum(sums => (long)sums.Length * sizeof(float)) <= ImportanceDevice.BytesFor(Config(path)));
    }

    [Fact]
    public void A_stopped_importance_goes_on_and_ends_in_the_same_sums()
    {
        string path = Synthetic("model", 1), file = folder["x.partial"];
        ImportanceMatrix expected = ImportanceTest.Measure(path, text, Resident, cancellation: TestContext.Current.CancellationToken);
        using (var cancelled = new CancellationTokenSource())
        {
            // In the third window, after the first was kept.
            var stop = new Reporter<double>(share => cancelled.CancelAfter(share > 0.5 ? 0 : Timeout.Infinite));
            Assert.ThrowsAny<OperationCanceledException>(() => ImportanceTest.Measure(path, text, Resident, file, progress: stop, cancellation: cancelled.Token));
        }

        var notes = new List<string>();
        Assert.True(File.Exists(file));
        byte[] kept = File.ReadAllBytes(file);
        AssertSame(expected, ImportanceTest.Measure(path, text, Resident, file, new Reporter<string>(notes.Add), cancellation: TestContext.Current.CancellationToken));
        Assert.Equal([$"Going on after 1 of 4 windows, from {file}."], notes);

        // Neither another text nor a damaged file is gone on with, and both are said.
        File.WriteAllBytes(file, kept);
        notes.Clear();
        int[] other = [.. text[..^1], (text[^1] + 1) % 512];
        AssertSame(ImportanceTest.Measure(path, other, Resident, cancellation: TestContext.Current.CancellationToken), ImportanceTest.Measure(path, other, Resident, file, new Reporter<string>(notes.Add), cancellation: TestContext.Current.CancellationToken));
        Assert.Equal([$"{file} belongs to another model, text or way of reading it; beginning anew."], notes);
        foreach (Action<byte[]> damage in (Action<byte[]>[])[bytes => bytes[^1] ^= 1, bytes => bytes[100] ^= 1])
        {
            byte[] damaged = [.. kept];
            damage(damaged);
            File.WriteAllBytes(file, damaged);
            notes.Clear();
            AssertSame(expected, ImportanceTest.Measure(path, text, Resident, file, new Reporter<string>(notes.Add), cancellation: TestContext.Current.CancellationToken));
            Assert.Equal([$"{file} is damaged; beginning anew."], notes);
        }

        File.WriteAllBytes(file, kept[..^5]);
        notes.Clear();
        AssertSame(expected, ImportanceTest.Measure(path, text, Resident, file, new Reporter<string>(notes.Add), cancellation: TestContext.Current.CancellationToken));
        Assert.Equal([$"{file} is damaged; beginning anew."], notes);
    }

    [Fact]
    public void Windows_that_the_model_has_no_positions_for_are_refused_before_anything_is_read()
    {
        string path = Synthetic("model", 1);
        MeasurementOptions tooLong = Resident with { Context = (1 << 17) + 1 };
        string expected = $"Windows of 131073 tokens are longer than {path} allows: it has 131072 positions; choose a shorter context.";
        Assert.Equal(expected, Assert.Throws<ArgumentException>(() => PerplexityTest.Measure(path, text, tooLong, cancellation: TestContext.Current.CancellationToken)).Message);
        Assert.Equal(expected, Assert.Throws<ArgumentException>(() => DivergenceTest.Measure(path, path, text, tooLong, cancellation: TestContext.Current.CancellationToken)).Message);
        Assert.Equal(expected, Assert.Throws<ArgumentException>(() => ImportanceTest.Measure(path, text, tooLong, cancellation: TestContext.Current.CancellationToken)).Message);
        Assert.Equal(700, PerplexityTest.Measure(path, text, Resident with { Context = 1 << 17 }, cancellation: TestContext.Current.CancellationToken).Tokens);
    }

    [Fact]
    public void Logits_that_are_no_numbers_are_said_in_a_sentence()
    {
        string sound = Synthetic("sound", 1), path = Synthetic("model", 1);
        string file;
        long place;
        using (var checkpoint = Checkpoint.Open(path)) (file, place) = (checkpoint["norm.weight"].File, checkpoint["norm.weight"].FileOffset);
        using (var stream = new FileStream(file, FileMode.Open, FileAccess.Write))
        {
            // A bfloat16 that is not a number.
            stream.Position = place;
            stream.Write([0xC0, 0x7F]);
        }

        string expected = $"{path} predicts nothing for token 1 of the text: some of its logits are not finite numbers.";
        Assert.StartsWith(expected, Assert.Throws<InvalidDataException>(() => PerplexityTest.Measure(path, text, Resident, cancellation: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        Assert.StartsWith(expected, Assert.Throws<InvalidDataException>(() => DivergenceTest.Measure(sound, path, text, Resident, cancellation: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Streams_of_wide_models_are_compared_at_some_tokens_so_that_little_is_kept()
    {
        V4Config flash = V4Config.Read(Repository.Golden("configs", "flash.json"));
        Assert.InRange(LayerComparison.MostBytes(flash), 200L << 20, 260L << 20);
        Assert.InRange(LayerComparison.Of(flash, flash)!.Stride, 20, 60);
        Assert.Equal(1, LayerComparison.Of(Config(Synthetic("model", 1)), Config(Synthetic("other", 2)))!.Stride);
        Assert.Null(LayerComparison.Of(flash, flash with { LayerCount = 42 }));
    }

    // Budgets in which only some of the experts have room.
    private static MeasurementOptions Streamed(MeasurementOptions options, Func<V4Config, long> otherBytes, params string[] paths)
    {
        long budget = 0;
        foreach (string path in paths)
        {
            using var checkpoint = Checkpoint.Open(path);
            WeightSizes sizes = WeightSizes.Of(checkpoint);
            var reserve = new MemoryReserve { ContextTokens = options.Context, LogitRows = SlicedLogits.UsualRows, OtherBytes = otherBytes(checkpoint.Config) + 100_000 };
            budget += MemoryPlan.For(checkpoint.Config, sizes, budget: null, reserve).LeastBytes + (6 * sizes.SlotBytes);
        }

        return options with { Memory = budget };
    }

    private static V4Config Config(string path)
    {
        using var checkpoint = Checkpoint.Open(path);
        return checkpoint.Config;
    }

    private static void AssertSame(ImportanceMatrix expected, ImportanceMatrix found)
    {
        Assert.Equal(expected.Sums.Keys, found.Sums.Keys);
        foreach (string tensor in expected.Sums.Keys)
        {
            Assert.Equal(expected.Sums[tensor], found.Sums[tensor]);
            Assert.Equal(expected.Counts[tensor], found.Counts[tensor]);
        }
    }

    private static int[] RandomText(int tokens, int vocabulary)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, tokens).Select(_ => random.Next(vocabulary))];
    }

    private string Synthetic(string name, int seed)
    {
        SyntheticCheckpoint.Write(folder[name], new SyntheticOptions { Shape = SyntheticShape.Tiny, Layers = [0, 4, 128, 4], Experts = 16, ExpertWidth = 512, Vocabulary = 512, HasMultiTokenPrediction = false, Seed = seed });
        return folder[name];
    }

    private sealed class Reporter<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }
}
