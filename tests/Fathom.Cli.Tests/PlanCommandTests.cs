using System.Text.Json;
using Fathom.Checkpoints;
using Fathom.Model.Streaming;

namespace Fathom.Cli.Tests;

/// <summary><c>fathom plan</c> as a user runs it, on a small random checkpoint and on a config alone.</summary>
public sealed class PlanCommandTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_streamed_checkpoint_is_planned_as_serve_would_run_it()
    {
        string path = folder["model"], file = folder["plan.json"];
        SyntheticCheckpoint.Write(path, new SyntheticOptions { Shape = SyntheticShape.Tiny, Layers = [0, 4, 128], Experts = 128, ExpertWidth = 512, Vocabulary = 512, HasMultiTokenPrediction = false }, cancellation: TestContext.Current.CancellationToken);
        long budget = Least(path) + 2_000_000;
        string text = await Plan(path, "--for", "serve", "--memory", $"{budget}B", "--context", "2048", "--sample-random", "--threads", "1", "--json", file);
        Assert.Contains("'fathom serve': 4 answers at once, 2,048 tokens each, and room for kept beginnings (--for run, chat or serve)", text, StringComparison.Ordinal);
        Assert.Contains("for kept beginnings\n", text, StringComparison.Ordinal);
        Assert.Contains("Experts are read from disk as they are needed: 0.0", text, StringComparison.Ordinal);
        Assert.Contains("by the routing of 256 tokens.", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Warning", text, StringComparison.Ordinal);

        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(file));
        JsonElement plan = json.RootElement, memory = plan.GetProperty("chosen").GetProperty("memory");
        Assert.Equal(("serve", 4, 1, 2048), (plan.GetProperty("use").GetString(), plan.GetProperty("sessions").GetInt32(), plan.GetProperty("keptSessions").GetInt32(), plan.GetProperty("contextTokens").GetInt32()));
        Assert.Equal((true, 4), (memory.GetProperty("isStreaming").GetBoolean(), memory.GetProperty("sessions").GetInt32()));
        Assert.Equal(memory.GetProperty("cacheBytes").GetInt64(), 5 * memory.GetProperty("keptBytes").GetInt64());
        Assert.InRange(memory.GetProperty("totalBytes").GetInt64(), memory.GetProperty("leastBytes").GetInt64(), budget);
        Assert.InRange(plan.GetProperty("chosen").GetProperty("speed").GetProperty("decodeTokensPerSecond").GetDouble(), 1e-3, 1e9);
        Assert.InRange(plan.GetProperty("freeBytes").GetInt64(), 1, plan.GetProperty("machineBytes").GetInt64());
        Assert.InRange(plan.GetProperty("machine").GetProperty("disk").GetProperty("computeShare").GetDouble(), 0.01, 1);
        Assert.Equal(["model", "plan.json"], Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_config_alone_is_planned_and_a_budget_beyond_the_machine_is_warned_of()
    {
        string config = folder["config.json"], file = folder["plan.json"];
        File.WriteAllText(config, new SyntheticOptions { Shape = SyntheticShape.Tiny }.ToConfig().ToJson());
        string text = await Plan("--config", config, "--memory", "900TB", "--threads", "1", "--temp", folder.Path, "--json", file);
        Assert.StartsWith(config, text, StringComparison.Ordinal);
        Assert.Contains("'fathom chat': 1 answer at once, 32,768 tokens each, and room for kept beginnings", text, StringComparison.Ordinal);
        Assert.Contains("Everything stays in memory.", text, StringComparison.Ordinal);
        Assert.Contains("Warning: the budget of 900000.00 GB is more than the ", text, StringComparison.Ordinal);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(file));
        JsonElement chosen = json.RootElement.GetProperty("chosen");
        Assert.Equal(JsonValueKind.Null, chosen.GetProperty("problem").ValueKind);
        Assert.StartsWith("the budget of 900000.00 GB", chosen.GetProperty("warning").GetString(), StringComparison.Ordinal);
        Assert.False(chosen.GetProperty("memory").GetProperty("isStreaming").GetBoolean());
        Assert.Equal(512, json.RootElement.GetProperty("machine").GetProperty("layers").GetProperty("rows").GetInt32());
        Assert.Equal(["config.json", "plan.json"], Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    private static long Least(string path)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        return MemoryPlan.For(checkpoint.Config, WeightSizes.Of(checkpoint), budget: null, new MemoryReserve { ContextTokens = 2048, Sessions = 4, KeptSessions = 1 }).LeastBytes;
    }

    private static async Task<string> Plan(params string[] arguments)
    {
        FathomProcess.Result result = await FathomProcess.RunAsync(["plan", .. arguments]);
        Assert.True(result.ExitCode == 0, result.Error);
        return result.Output.ReplaceLineEndings("\n");
    }
}
