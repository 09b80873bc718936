using Fathom.Checkpoints;
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
}
