using Fathom.Checkpoints;
using Fathom.Evaluation.Planning;
using Fathom.Model;
using Fathom.Model.Streaming;

namespace Fathom.Evaluation.Tests;

/// <summary>Plans and predictions: pure arithmetic with made-up machines, and one real measurement of a tiny architecture.</summary>
public sealed class PlanningTests : IDisposable
{
    private const double DenseSeconds = 0.004, ExpertSeconds = 0.0005;
    private readonly string folder = Directory.CreateTempSubdirectory("fathom-").FullName;
    private readonly V4Config flash = V4Config.Read(Repository.Golden("configs", "flash.json"));

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void The_official_layout_is_its_own_measure()
    {
        string path = Path.Combine(folder, "tiny");
        SyntheticCheckpoint.Write(path, new SyntheticOptions { Shape = SyntheticShape.Tiny }, cancellation: TestContext.Current.CancellationToken);
        using Checkpoint checkpoint = Checkpoint.Open(path);
        StoredBytes stored = StoredBytes.Of(checkpoint), official = StoredBytes.OfOfficialLayout(checkpoint.Config);
        Assert.Equal(official.Sizes, stored.Sizes);
        Assert.Equal(1, stored.DenseShare, 6);
        Assert.Equal(1, stored.ExpertShare, 6);
        Assert.Equal(stored.Sizes.ExpertBytes / 2, stored.WithExperts(StoredBytes.OfficialExpertBits / 2).Sizes.ExpertBytes);
    }

    [Fact]
    public void In_memory_a_token_takes_its_layers_its_experts_and_the_head()
    {
        StoredBytes stored = StoredBytes.OfOfficialLayout(flash);
        SpeedPrediction speed = SpeedPrediction.For(flash, stored, MemoryPlan.For(flash, stored.Sizes, budget: null), Machine(disk: null), depth: 2304)!;
        double expected = (flash.LayerCount * (DenseSeconds + (flash.ExpertsPerToken * ExpertSeconds))) + (stored.HeadBytes / 40e9);
        Assert.Equal(expected, speed.DecodeSeconds, 9);
        Assert.Equal(0, speed.DecodeDiskBytes);
        Assert.Equal(1024 / speed.PrefillSeconds, speed.PrefillTokensPerSecond, 6);
    }

    [Fact]
    public void Under_a_budget_the_disk_is_waited_for_and_more_memory_is_faster()
    {
        StoredBytes stored = StoredBytes.OfOfficialLayout(flash);
        SpeedPrediction Speed(long budget) => SpeedPrediction.For(flash, stored, MemoryPlan.For(flash, stored.Sizes, budget), Machine(disk: 2e9), depth: 2304)!;
        SpeedPrediction small = Speed(16_000_000_000), large = Speed(64_000_000_000), all = Speed(long.MaxValue);
        Assert.True(small.WaitsForDisk);
        Assert.True(small.DecodeSeconds > large.DecodeSeconds && large.DecodeSeconds > all.DecodeSeconds);

        // Nearly every expert of a token comes from disk: 43 layers of 6 experts of 13.4 MB, less what the arena holds.
        double experts = (double)stored.Sizes.ExpertBytes / stored.Sizes.ExpertCount * flash.LayerCount * flash.ExpertsPerToken;
        Assert.InRange(small.DecodeDiskBytes, 0.9 * experts, experts);
        Assert.True(small.PrefillDiskBytes / small.PrefillRows < small.DecodeDiskBytes / 2, "a chunk shares experts among its rows");
        Assert.Null(SpeedPrediction.For(flash, stored, MemoryPlan.For(flash, stored.Sizes, 16_000_000_000), Machine(disk: null), depth: 2304));
    }

    [Fact]
    public void Longer_contexts_cost_what_the_architecture_reads()
    {
        StoredBytes stored = StoredBytes.OfOfficialLayout(flash);
        var plan = MemoryPlan.For(flash, stored.Sizes, budget: null);
        double At(int depth) => SpeedPrediction.For(flash, stored, plan, Machine(disk: null), depth)!.DecodeSeconds;
        Assert.Equal(At(2304), At(2000), 2);
        Assert.True(At(1_000_000) > At(65_536) && At(65_536) > At(2304));
    }

    [Fact]
    public void A_plan_says_what_to_change()
    {
        StoredBytes stored = StoredBytes.OfOfficialLayout(flash);
        ModelPlan plan = ModelPlan.For(flash, stored, Machine(disk: 2e9), 16_000_000_000, new MemoryReserve());
        Assert.True(plan.Chosen.Memory!.IsStreaming);
        Assert.InRange(plan.Chosen.ExpectedBytes, 15_000_000_000, 16_000_000_000);
        Assert.Null(plan.Chosen.Problem);
        Assert.Equal(["a context of 8,192 tokens", "experts as Q2_K", "experts as IQ2_XXS"], plan.Alternatives.SkipLast(1).Select(way => way.Name));
        PlannedWay whole = plan.Alternatives[^1];
        Assert.EndsWith("GB of memory", whole.Name, StringComparison.Ordinal);
        Assert.False(whole.Memory!.IsStreaming);
        Assert.All(plan.Alternatives, way => Assert.True(way.Speed!.DecodeTokensPerSecond >= 0.99 * plan.Chosen.Speed!.DecodeTokensPerSecond));

        ModelPlan tooSmall = ModelPlan.For(flash, stored, Machine(disk: 2e9), 2_000_000_000, new MemoryReserve());
        Assert.Null(tooSmall.Chosen.Memory);
        Assert.StartsWith("A memory budget of 2.00 GB is too small for this model: ", tooSmall.Chosen.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1_000_000_000_000, false, null)]
    [InlineData(64_000_000_000, true, 54_400_000_000)]
    [InlineData(4_000_000_000, false, null)]
    public void Without_a_budget_what_is_free_decides(long available, bool streams, long? budget)
    {
        MemoryPlan plan = MachineMemory.StandardPlan(flash, WeightSizes.OfOfficialLayout(flash), available);
        Assert.Equal(streams, plan.IsStreaming);
        Assert.Equal(budget, plan.Budget);
    }

    [Fact]
    public void This_machine_has_memory()
    {
        Assert.InRange(MachineMemory.AvailableBytes, 1 << 20, MachineMemory.TotalBytes);
    }

    [Fact]
    public void A_tiny_architecture_is_measured_and_nothing_is_left_behind()
    {
        V4Config tiny = new SyntheticOptions { Shape = SyntheticShape.Tiny }.ToConfig();
        MachineSpeed machine = MachineProbe.Measure(tiny, 64, [], folder, new V4ModelOptions { Workers = 1 }, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal([LayerKind.Window, LayerKind.Csa, LayerKind.Hca], machine.Layers.Kinds.Keys);
        Assert.All(machine.Layers.Kinds.Values, time => Assert.True(time.Decode > 0 && time.DecodeExpert > 0 && time.Prefill > 0 && time.PrefillExpert > 0));
        Assert.True(machine.Layers.Kinds[LayerKind.Csa].DecodePick > 0);
        Assert.True(machine.DiskBytesPerSecond > 0);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));

        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => LayerProbe.Measure(tiny, 64, folder, new V4ModelOptions { Workers = 1 }, cancellation: cancelled.Token));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
    }

    [Fact]
    public void A_sample_of_routing_says_what_an_arena_holds()
    {
        // Two layers of four experts, one a token: layer 0 always takes expert 1; layer 1 takes 0, 1, 2, 3 in turn.
        V4Config config = flash with { LayerCount = 2, ExpertCount = 4, ExpertsPerToken = 1 };
        int[] always = [1, 1, 1, 1, 1, 1, 1, 1], turns = [0, 1, 2, 3, 0, 1, 2, 3];
        var sample = RoutingSample.From(config, [always, turns], 8);
        Assert.Equal(0.5, sample.ShareHeld(1), 9);
        Assert.Equal(0.5 + (0.5 * 2 / 4), sample.ShareHeld(3), 9);
        Assert.Equal(1, sample.ShareHeld(8), 9);
        Assert.InRange(sample.ExpertsOf(1), 2, 2.7);
        Assert.InRange(sample.ExpertsOf(1000), 4.9, 8);
    }

    private MachineSpeed Machine(double? disk) => new(2, 40e9, disk, new LayerTimes(1024, 2304, 400 << 20, new Dictionary<LayerKind, LayerTime>
    {
        [LayerKind.Window] = new(DenseSeconds, 0, 0.0002, ExpertSeconds, 1, 0.002),
        [LayerKind.Csa] = new(DenseSeconds, 0.0001, 0.0008, ExpertSeconds, 1, 0.002),
        [LayerKind.Hca] = new(DenseSeconds, 0, 0.0003, ExpertSeconds, 1, 0.002),
    }));
}
