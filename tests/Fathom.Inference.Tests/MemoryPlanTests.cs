using Fathom.Checkpoints;
using Fathom.Inference.Caching;
using Fathom.Model;
using Fathom.Model.Streaming;
using Fathom.Text;
using static Fathom.Inference.Tests.Engines;

namespace Fathom.Inference.Tests;

/// <summary>The engine over a model that does not fit into memory: it lives within the plan, whether somebody gave a budget or what is free made one.</summary>
public sealed class MemoryPlanTests : IDisposable
{
    private const int Rows = 700;
    private const long SomeExperts = 2_000_000;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_streamed_model_gives_the_engine_its_plan(bool hasBudget)
    {
        using FathomModel model = Streamed(hasBudget, sessions: 3);
        MemoryPlan plan = ((V4Model)model.Model).MemoryPlan;
        Assert.True(plan.IsStreaming);
        Assert.Equal((3, Rows, 2048), (plan.Sessions, plan.Rows, plan.ContextTokens));
        Assert.Equal(MemoryPlan.SessionBytes(((V4Model)model.Model).Config, 2048, ((V4Model)model.Model).CacheFormat), plan.KeptBytes);
        Assert.Equal(4 * plan.KeptBytes, plan.CacheBytes);
        Assert.Equal((3, plan.KeptBytes, Rows, Rows), (model.Engine.MaxConcurrent, model.Engine.CacheBytes, model.Engine.MemorySpacing, model.Engine.InterleavedRows));
        Assert.Equal(Rows, model.Engine.RowsAtOnce(plan));
    }

    [Fact]
    public async Task Steps_take_the_rows_of_the_plan_and_answers_and_what_is_kept_its_room()
    {
        using FathomModel model = Streamed(hasBudget: false, sessions: 1);
        long kept = ((V4Model)model.Model).MemoryPlan.KeptBytes;
        int most = 0;
        async Task Ask(int seed)
        {
            await foreach (CompletionEvent happened in model.PrepareText(Tokens(model, 650, seed), Greedy(3)).RunAsync()) most = Math.Max(most, model.Status.Running);
        }

        await Ask(1);

        // One step for the prompt, which also gives the first token.
        Assert.InRange(model.Status.Steps, 1, 3);
        await Task.WhenAll(Enumerable.Range(2, 4).Select(Ask));
        Assert.Equal(1, most);
        Assert.InRange(model.Status.CacheBytes, 1, kept);
        Assert.True(model.Status.CacheEvictions > 0);
    }

    [Fact]
    public void A_model_that_fits_leaves_the_engine_as_it_was_asked_for()
    {
        var asked = new EngineOptions { CacheBytes = 123_456, MaxConcurrent = 7 };
        using FathomModel model = Random(asked);
        Assert.Same(asked, model.Engine);
    }

    [Fact]
    public async Task Where_nothing_is_kept_pieces_of_prompts_are_as_long_as_they_can_be()
    {
        using FathomModel model = Random(new EngineOptions { CacheBytes = 0, MemorySpacing = 32 });
        var done = new List<int>();
        await foreach (CompletionEvent happened in model.PrepareText(Tokens(model, 1500, 1), Greedy(1)).RunAsync())
        {
            if (happened is PrefillProgress progress) done.Add(progress.DoneTokens);
        }

        Assert.Equal([1024, 1500], done.Distinct().Where(tokens => tokens > 0));
    }

    [Fact]
    public async Task Beginnings_are_loaded_for_no_more_answers_than_may_be_in_the_making()
    {
        Tokenizer tokenizer = Tokenizer.Load(Repository.PathOf("models", "builtin", "tokenizer.json"));
        var engine = new EngineOptions { CacheFolder = folder.Path, MaxConcurrent = 1 };
        int[][] prompts;
        CountedModel Counted() => new(new ScriptedModel(tokenizer.VocabularySize, _ => new float[tokenizer.VocabularySize], maxBatchRows: 512));
        using (var model = new FathomModel(Counted(), tokenizer, ChatFormat.Release, engine))
        {
            prompts = [.. Enumerable.Range(1, 5).Select(seed => Tokens(model, 300, seed))];
            foreach (int[] prompt in prompts) await Complete(model.PrepareText(prompt, Greedy(2)));
        }

        CountedModel counted = Counted();
        using var again = new FathomModel(counted, tokenizer, ChatFormat.Release, engine);
        GenerationCompleted[] all = await Task.WhenAll(prompts.Select(prompt => Complete(again.PrepareText([.. prompt, 7], Greedy(2)))));
        Assert.All(all, one => Assert.Equal(PrefixSource.Disk, one.Usage.CacheSource));
        Assert.Equal(1, counted.SessionsBeforeForward);
    }

    private FathomModel Streamed(bool hasBudget, int sessions)
    {
        string tokenizer = Repository.PathOf("models", "builtin", "tokenizer.json");
        SyntheticCheckpoint.Write(folder.Path, new SyntheticOptions { Shape = SyntheticShape.Tiny, Layers = [0, 4, 128], Experts = 128, ExpertWidth = 512, Vocabulary = 1920, HasMultiTokenPrediction = false });
        var reserve = new MemoryReserve { ContextTokens = 2048, Sessions = sessions };
        using var checkpoint = Checkpoint.Open(folder.Path);
        long budget = MemoryPlan.For(checkpoint.Config, WeightSizes.Of(checkpoint), budget: null, new EngineOptions().ReserveFor(reserve), Rows).LeastBytes + SomeExperts;
        var options = new V4ModelOptions { MaxBatchRows = Rows, Reserve = reserve, Workers = 2 };
        return FathomModel.Open(folder.Path, new FathomModelOptions
        {
            // Of what is free the larger part becomes the budget.
            Model = hasBudget ? options with { MemoryBudget = budget } : options with { AvailableBytes = (long)(budget / 0.85) + 1 },
            TokenizerPath = tokenizer,
        });
    }

    // Counts the sessions that are made before the first forward.
    private sealed class CountedModel(ScriptedModel inner) : ILanguageModel
    {
        private bool isRunning;

        public int SessionsBeforeForward { get; private set; }

        public int VocabularySize => inner.VocabularySize;

        public int MaxPositions => inner.MaxPositions;

        public int MaxBatchRows => inner.MaxBatchRows;

        public ReadOnlyMemory<byte> Identity => inner.Identity;

        public ISession CreateSession()
        {
            lock (inner)
            {
                if (!isRunning) SessionsBeforeForward++;
            }

            return inner.CreateSession();
        }

        public Logits Forward(Batch batch, CancellationToken cancellation = default)
        {
            lock (inner) isRunning = true;
            return inner.Forward(batch, cancellation);
        }

        public void Dispose() => inner.Dispose();
    }
}
