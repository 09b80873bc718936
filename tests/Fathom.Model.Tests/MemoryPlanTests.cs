using Fathom.Checkpoints;
using Fathom.Model.Streaming;

namespace Fathom.Model.Tests;

/// <summary>How a budget is read and divided.</summary>
public sealed class MemoryPlanTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("fathom-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("24GB", 24_000_000_000)]
    [InlineData("6GiB", 6L << 30)]
    [InlineData(" 1.5 g ", 1_500_000_000)]
    [InlineData("512mib", 512L << 20)]
    [InlineData("100B", 100)]
    public void Amounts_are_read(string text, long bytes) => Assert.Equal(bytes, MemorySize.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("24")]
    [InlineData("much")]
    [InlineData("-3GB")]
    [InlineData("0GB")]
    [InlineData("1e9GB")]
    [InlineData("NaNGB")]
    [InlineData("99999999999TB")]
    public void Nonsense_is_refused(string text) => Assert.Contains("write a number and a unit, such as 24GB", Assert.Throws<FormatException>(() => MemorySize.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_budget_that_is_too_small_says_the_least_that_works_and_that_works()
    {
        string path = SmallStream.Write(folder);
        var options = new V4ModelOptions { MaxBatchRows = 64, MemoryBudget = 1_000_000 };
        string message = Assert.Throws<ArgumentException>(() => V4Model.Open(path, options)).Message;
        Assert.StartsWith("A memory budget of 1.00 MB is too small for this model: ", message, StringComparison.Ordinal);
        long least = MemorySize.Parse(message.Split(": ")[1].Split(" is the least")[0]);
        using V4Model model = V4Model.Open(path, options with { MemoryBudget = least });
        Assert.True(model.MemoryPlan.IsStreaming);
        Assert.InRange(model.MemoryPlan.TotalBytes, 1, least);
    }

    [Fact]
    public void A_budget_that_is_large_enough_changes_nothing_but_the_context()
    {
        using V4Model model = V4Model.Open(SmallStream.Write(folder), new V4ModelOptions { MemoryBudget = 64L << 30, Reserve = new MemoryReserve { ContextTokens = 777 } });
        Assert.False(model.MemoryPlan.IsStreaming);
        Assert.Null(model.Streaming);
        Assert.Equal(777, model.MaxPositions);
        Assert.Equal(MemoryPlan.StandardRows, model.MaxBatchRows);
    }

    [Fact]
    public void Every_part_of_a_plan_adds_up_and_more_memory_means_more_slots()
    {
        V4Config flash = V4Config.Read(Repository.Golden("configs", "flash.json"));
        WeightSizes sizes = WeightSizes.OfOfficialLayout(flash);
        Assert.Equal(new ModelSummary(flash).TotalBytes, sizes.TotalBytes);
        MemoryPlan? before = null;
        foreach (long budget in (long[])[16_000_000_000, 24_000_000_000, 64_000_000_000, 128_000_000_000])
        {
            var plan = MemoryPlan.For(flash, sizes, budget);
            Assert.True(plan.IsStreaming);
            Assert.InRange(plan.TotalBytes, budget - (2 * plan.SlotBytes), budget);
            Assert.InRange(plan.Slots, (before?.Slots ?? 0) + 1, sizes.ExpertCount);
            Assert.InRange(plan.Rows, before?.Rows ?? 128, 4096);
            before = plan;
        }

        Assert.False(MemoryPlan.For(flash, sizes, 200_000_000_000).IsStreaming);
        Assert.Equal(0, MemoryPlan.For(flash, sizes, null).Slots);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(512)]
    public void Forwards_and_sessions_take_no_more_than_planned(int rows)
    {
        string path = SmallStream.Write(folder);
        using V4Model model = V4Model.Open(path, new V4ModelOptions { MaxBatchRows = rows, Reserve = new MemoryReserve { ContextTokens = 3000 } });
        using ISession session = model.CreateSession();
        int[] tokens = EquivalenceTests.Tokens(model, Math.Min(3000, rows * 40), 1);
        model.Read(session, tokens);
        Assert.InRange(model.WorkspaceBytes, 1, model.MemoryPlan.WorkingBytes);
        Assert.InRange(session.CacheBytes, MemoryPlan.SessionBytes(model.Config, tokens.Length) / 2, MemoryPlan.SessionBytes(model.Config, tokens.Length));
    }

    [Fact]
    public void Sizes_of_an_opened_checkpoint_are_those_of_its_files()
    {
        using Checkpoint checkpoint = Checkpoint.Open(SmallStream.Write(folder));
        WeightSizes sizes = WeightSizes.Of(checkpoint);
        Assert.Equal(checkpoint.TotalBytes, sizes.TotalBytes);
        Assert.Equal(checkpoint.Tensors.Count, sizes.TensorCount);
        Assert.Equal(5 * 16, sizes.ExpertCount);
        Assert.Equal(sizes.ExpertBytes, sizes.ExpertCount * sizes.LargestExpertBytes);
        Assert.Equal(sizes, WeightSizes.OfOfficialLayout(checkpoint.Config));
    }
}
