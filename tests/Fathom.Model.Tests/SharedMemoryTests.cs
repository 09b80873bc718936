using Fathom.Checkpoints;
using Fathom.Model.Streaming;

namespace Fathom.Model.Tests;

/// <summary>One budget for several models, and for what is beside them.</summary>
public sealed class SharedMemoryTests
{
    private readonly V4Config flash = V4Config.Read(Repository.Golden("configs", "flash.json"));

    [Fact]
    public void What_stands_beside_a_model_comes_out_of_its_budget()
    {
        const long budget = 24_000_000_000, other = 1_000_000_000;
        WeightSizes sizes = WeightSizes.OfOfficialLayout(flash);
        var alone = MemoryPlan.For(flash, sizes, budget);
        var beside = MemoryPlan.For(flash, sizes, budget, new MemoryReserve { OtherBytes = other, LogitRows = 64 });
        Assert.Equal(other, beside.OtherBytes);
        Assert.InRange(beside.TotalBytes, budget - (2 * beside.SlotBytes), budget);
        Assert.InRange(alone.Slots - beside.Slots, (int)(other / beside.SlotBytes), (int)(other / beside.SlotBytes) + 20);
        Assert.InRange(beside.LeastBytes - alone.LeastBytes, other, other + 100_000_000);
        Assert.Throws<ArgumentException>(() => MemoryPlan.For(flash, sizes, budget, new MemoryReserve { OtherBytes = -1 }));
        Assert.Throws<ArgumentException>(() => MemoryPlan.For(flash, sizes, budget, new MemoryReserve { LogitRows = 0 }));
    }

    [Fact]
    public void Two_models_share_a_budget_and_a_small_one_leaves_the_rest_to_the_large()
    {
        MemoryPlan large = Whole(flash), small = Whole(new SyntheticOptions { Shape = SyntheticShape.Tiny }.ToConfig());
        const long budget = 60_000_000_000;
        Assert.Equal([budget / 2, budget / 2], MachineMemory.DivideAmong([large, large], budget));
        foreach (MemoryPlan[] order in (MemoryPlan[][])[[large, small], [small, large]])
        {
            long[] shares = MachineMemory.DivideAmong(order, budget);
            Assert.Equal(small.TotalBytes, shares[Array.IndexOf(order, small)]);
            Assert.Equal(budget, shares.Sum());
        }

        Assert.Equal([large.TotalBytes, large.TotalBytes], MachineMemory.DivideAmong([large, large], 1_000_000_000_000));
    }

    [Fact]
    public void A_budget_that_is_too_small_for_both_says_the_least_that_works_and_that_works()
    {
        MemoryPlan whole = Whole(flash);
        string message = Assert.Throws<ArgumentException>(() => MachineMemory.DivideAmong([whole, whole], 3_000_000_000)).Message;
        Assert.StartsWith("A memory budget of 3.00 GB is too small for 2 models at once: ", message, StringComparison.Ordinal);
        long least = MemorySize.Parse(message.Split(": ")[1].Split(" is the least")[0]);
        Assert.All(MachineMemory.DivideAmong([whole, whole], least), share => Assert.InRange(share, whole.LeastBytes, least));
    }

    [Theory]
    [InlineData(1_000_000_000_000, true)]
    [InlineData(200_000_000_000, false)]
    [InlineData(4_000_000_000, true)]
    public void Without_a_budget_free_memory_is_divided_once(long available, bool isUnlimited)
    {
        MemoryPlan whole = Whole(flash);
        long[] budgets = MachineMemory.DivideAmong([whole, whole], budget: null, available);
        if (isUnlimited) Assert.All(budgets, budget => Assert.Equal(long.MaxValue, budget));
        else Assert.Equal((long)(available * 0.85), budgets.Sum());
    }

    private static MemoryPlan Whole(V4Config config) => MemoryPlan.For(config, WeightSizes.OfOfficialLayout(config), budget: null, new MemoryReserve { ContextTokens = 2048 });
}
