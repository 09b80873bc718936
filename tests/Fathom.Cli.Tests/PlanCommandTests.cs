using System.Text.Json;
using Fathom.Checkpoints;
using Fathom.Inference;
using Fathom.Model;
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
        Assert.Contains("'fathom serve': 4 answers at once, 2,048 tokens each, and room for kept beginnings (--for run, chat or serve; --cache-gb)", text, StringComparison.Ordinal);
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
    public async Task A_server_that_keeps_no_beginnings_is_planned_without_their_room()
    {
        string path = folder["model"], file = folder["plan.json"];
        SyntheticCheckpoint.Write(path, new SyntheticOptions { Shape = SyntheticShape.Tiny, Layers = [0, 4, 128], Experts = 128, ExpertWidth = 512, Vocabulary = 2048, HasMultiTokenPrediction = false }, Repository.PathOf("models", "builtin", "tokenizer.json"), cancellation: TestContext.Current.CancellationToken);
        long budget = Least(path, kept: 0);
        Assert.True(budget < Least(path));
        string[] plan = [path, "--for", "serve", "--memory", $"{budget}B", "--context", "2048", "--sample", "0", "--threads", "1", "--json", file];
        Assert.Contains("It does not run: ", await Plan(plan), StringComparison.Ordinal);
        Assert.Contains("It does not run: ", await Plan([.. plan, "--cache-gb", "0.5"]), StringComparison.Ordinal);
        string text = await Plan([.. plan, "--cache-gb", "0"]);
        Assert.Contains("'fathom serve': 4 answers at once, 2,048 tokens each, nothing kept (--for run, chat or serve; --cache-gb)", text, StringComparison.Ordinal);
        Assert.Contains("Experts are read from disk as they are needed", text, StringComparison.Ordinal);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(file));
        Assert.Equal((4, 0), (json.RootElement.GetProperty("sessions").GetInt32(), json.RootElement.GetProperty("keptSessions").GetInt32()));

        // What serve itself makes of the same words.
        using FathomModel served = FathomModel.Open(path, new FathomModelOptions { Engine = new EngineOptions { CacheBytes = 0 }, Model = new V4ModelOptions { MemoryBudget = budget, Reserve = new MemoryReserve { ContextTokens = 2048, Sessions = 4 } } });
        JsonElement memory = json.RootElement.GetProperty("chosen").GetProperty("memory");
        MemoryPlan asServed = ((V4Model)served.Model).MemoryPlan;
        Assert.Equal((asServed.TotalBytes, asServed.CacheBytes, asServed.Slots), (memory.GetProperty("totalBytes").GetInt64(), memory.GetProperty("cacheBytes").GetInt64(), memory.GetProperty("slots").GetInt32()));
    }

    [Theory]
    [InlineData("serve", "-1", "--cache-gb must be from 0, which keeps nothing, to 1048576, not -1.")]
    [InlineData("serve", "1e300", "--cache-gb must be from 0, which keeps nothing, to 1048576, not 1E+300.")]
    [InlineData("chat", "0", "--cache-gb is an option of serve, and chat has none; give --for serve with it.")]
    public async Task Room_for_kept_beginnings_that_makes_no_sense_is_refused(string use, string room, string sentence)
    {
        FathomProcess.Result result = await FathomProcess.RunAsync(["plan", "--for", use, "--cache-gb", room]);
        Assert.Equal((1, $"fathom: {sentence}"), (result.ExitCode, result.Error.Trim()));
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

    private static long Least(string path, int kept = 1)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        return MemoryPlan.For(checkpoint.Config, WeightSizes.Of(checkpoint), budget: null, new MemoryReserve { ContextTokens = 2048, Sessions = 4, KeptSessions = kept, Caches = V4Model.CacheFormatFor(checkpoint.Config, new V4ModelOptions()) }).LeastBytes;
    }

    private static async Task<string> Plan(params string[] arguments)
    {
        FathomProcess.Result result = await FathomProcess.RunAsync(["plan", .. arguments]);
        Assert.True(result.ExitCode == 0, result.Error);
        return result.Output.ReplaceLineEndings("\n");
    }
}
