using Fathom.Checkpoints;
using Fathom.Evaluation.Planning;
using Fathom.Model;
using Fathom.Model.Streaming;

namespace Fathom.Evaluation.Tests;

/// <summary>Plans and predictions: pure arithmetic with made-up machines, and one real measurement of a tiny architecture.</summary>
public sealed class PlanningTests : IDisposable
{
    private const double DenseSeconds = 0.004, ExpertSeconds = 0.0005;
    private const long Giga = 1_000_000_000;
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
        ModelPlan plan = ModelPlan.For(flash, stored, Machine(disk: 2e9), 16_000_000_000, new MemoryReserve(), available: 20 * Giga, total: 24 * Giga);
        Assert.True(plan.Chosen.Memory!.IsStreaming);
        Assert.InRange(plan.Chosen.ExpectedBytes, 15_000_000_000, 16_000_000_000);
        Assert.Equal((null, null, false), (plan.Chosen.Problem, plan.Chosen.Warning, plan.Chosen.IsTooLarge));
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
    [InlineData(16, 20, 24, false, null)]
    [InlineData(22, 20, 24, false, "the budget of 22.00 GB is more than the 20.00 GB that are free now; this model takes up to 21.9")]
    [InlineData(30, 20, 24, true, "the budget of 30.00 GB is more than the 24.00 GB of memory that this machine has; this model takes up to 29.9")]
    [InlineData(200, 20, 24, true, "the budget of 200.00 GB is more than the 24.00 GB of memory that this machine has; this model takes up to 16")]
    [InlineData(200, 170, 180, false, "the budget of 200.00 GB is more than the 180.00 GB of memory that this machine has; this model takes up to 16")]
    [InlineData(null, 20, 24, false, null)]
    [InlineData(null, 4, 24, true, "all of it takes 16")]
    public void Budgets_that_the_machine_does_not_have_are_warned_of(int? budget, int free, int machine, bool isTooLarge, string? warning)
    {
        ModelPlan plan = ModelPlan.For(flash, StoredBytes.OfOfficialLayout(flash), Machine(disk: 2e9), budget * Giga, new MemoryReserve(), available: free * Giga, total: machine * Giga);
        Assert.Null(plan.Chosen.Problem);
        Assert.Equal(isTooLarge, plan.Chosen.IsTooLarge);
        Assert.Equal(isTooLarge, plan.Chosen.Speed is null);
        if (warning is null) Assert.Null(plan.Chosen.Warning);
        else Assert.StartsWith(warning, plan.Chosen.Warning, StringComparison.Ordinal);
        Assert.Equal(plan.Chosen.IsTooLarge || plan.Chosen.Memory!.IsStreaming, plan.Alternatives.Count > 0);
    }

    [Fact]
    public void Without_a_budget_a_plan_says_when_a_smaller_share_would_stream()
    {
        StoredBytes stored = StoredBytes.OfOfficialLayout(flash);
        long least = MemoryPlan.For(flash, stored.Sizes, budget: null, new MemoryReserve { ContextTokens = MemoryReserve.StandardContext }).LeastBytes;
        ModelPlan plan = ModelPlan.For(flash, stored, Machine(disk: 2e9), null, new MemoryReserve(), available: least + (least / 10), total: 24 * Giga);
        Assert.True(plan.Chosen.IsTooLarge);
        string advice = plan.Chosen.Warning!.Split("; with --memory ")[1].Split(' ')[0];
        Assert.True(MachineMemory.Divide(flash, stored.Sizes, MemorySize.Parse(advice)).IsStreaming);
    }

    [Fact]
    public void Reading_takes_from_computing_as_long_as_both_go_on()
    {
        var disk = new DiskSpeed(2e9, 1e9, 0.5);
        Assert.Equal(3, disk.Together(3, 0), 9);
        Assert.Equal(2, disk.Together(0, 4e9), 9);

        // One second side by side reads 1 GB and computes half a second; what is left goes on alone.
        Assert.Equal(1 + 2.5, disk.Together(3, 1e9), 9);
        Assert.Equal(1 + 1.5, disk.Together(0.5, 4e9), 9);
        Assert.Equal(3, new DiskSpeed(2e9, 2e9, 1).Together(3, 2e9), 9);
    }

    [Fact]
    public void A_disk_is_measured_through_symbolic_links()
    {
        string file = Path.Combine(folder, "blob"), link = Path.Combine(folder, "model.safetensors");
        File.WriteAllBytes(file, new byte[20 << 20]);
        File.CreateSymbolicLink(link, file);
        using (DiskProbe? probe = DiskProbe.Open([link])) Assert.True(probe!.Measure(TimeSpan.FromMilliseconds(20), TestContext.Current.CancellationToken) > 0);
        Assert.True(File.Exists(link));
        File.WriteAllBytes(file, new byte[1 << 20]);
        Assert.Null(DiskProbe.Open([link]));
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
        Assert.True(machine.Disk is { BytesPerSecond: > 0, BusyBytesPerSecond: > 0, ComputeShare: > 0 and <= 1 });
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));

        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => MachineProbe.Measure(tiny, 64, [], folder, new V4ModelOptions { Workers = 1 }, cancellation: cancelled.Token));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
        Assert.ThrowsAny<OperationCanceledException>(() => LayerProbe.Open(tiny, 0, 1, 64, folder, new V4ModelOptions { Workers = 1 }, cancellation: cancelled.Token));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
    }

    [Theory]
    [InlineData(StoredType.BF16, 2)]
    [InlineData(StoredType.F32, 4)]
    public void Layers_are_measured_with_matrices_of_the_models_format(StoredType matrices, int bytesOfWeight)
    {
        V4Config tiny = new SyntheticOptions { Shape = SyntheticShape.Tiny }.ToConfig() with { MtpLayerCount = 0 };
        string model = Path.Combine(folder, "model");
        SyntheticCheckpoint.Write(model, tiny, matrices: matrices, cancellation: TestContext.Current.CancellationToken);
        using Checkpoint checkpoint = Checkpoint.Open(model);
        var stored = StoredBytes.Of(checkpoint);
        Assert.Equal(matrices, stored.Matrices);
        Assert.InRange(stored.DenseShare, 1.3, bytesOfWeight);

        MachineSpeed machine = MachineProbe.Measure(tiny, 64, [], folder, new V4ModelOptions { Workers = 1 }, matrices, cancellation: TestContext.Current.CancellationToken);
        Assert.InRange(machine.Layers.DenseShare, 1.3, bytesOfWeight);

        // What was measured in the model's format counts as it is, and is not taken for more once again.
        MemoryPlan plan = MemoryPlan.For(tiny, stored.Sizes, budget: null, new MemoryReserve());
        double Seconds(double measuredShare) => SpeedPrediction.For(tiny, stored with { DenseShare = 2 }, plan, machine with { Layers = machine.Layers with { DenseShare = measuredShare } }, depth: 16)!.DecodeSeconds;
        Assert.True(Seconds(2) < Seconds(1));
        Assert.Equal(Seconds(2), SpeedPrediction.For(tiny, stored with { DenseShare = 1 }, plan, machine with { Layers = machine.Layers with { DenseShare = 1 } }, depth: 16)!.DecodeSeconds, 12);
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

    private MachineSpeed Machine(double? disk) => new(2, 40e9, disk is { } speed ? new DiskSpeed(speed, speed, 1) : null, new LayerTimes(1024, 2304, 400 << 20, new Dictionary<LayerKind, LayerTime>
    {
        [LayerKind.Window] = new(DenseSeconds, 0, 0.0002, ExpertSeconds, 1, 0.002),
        [LayerKind.Csa] = new(DenseSeconds, 0.0001, 0.0008, ExpertSeconds, 1, 0.002),
        [LayerKind.Hca] = new(DenseSeconds, 0, 0.0003, ExpertSeconds, 1, 0.002),
    }));
}
