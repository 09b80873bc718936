using System.Text.Json.Nodes;
using static Fathom.Server.Tests.TestServer;

namespace Fathom.Server.Tests;

/// <summary>A model whose experts come from disk, served.</summary>
public sealed class StreamedModelTests : IDisposable
{
    private const string Question = """{"prompt":"So it is","max_tokens":4,"temperature":0}""";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task The_memory_plan_and_what_was_read_are_shown()
    {
        await using TestServer server = await StartAsync(StreamedModel.Open(folder.Path));
        await server.PostAsync("/v1/completions", Question);
        JsonObject model = await server.GetAsync("/web/model");
        JsonNode plan = model["layout"]!["plan"]!, seen = model["streaming"]!;
        Assert.True((bool)plan["is_streaming"]!);
        Assert.InRange((int)plan["slots"]!, 1, 191);
        Assert.InRange((long)plan["total_bytes"]!, (long)plan["arena_bytes"]! + (long)plan["resident_weight_bytes"]!, (long)plan["budget_bytes"]!);
        Assert.True((long)seen["tokens"]! >= 4);
        Assert.InRange((double)seen["hit_rate"]!, 0, 0.9999);
        Assert.True((double)seen["bytes_per_token"]! > 0);
    }

    [Fact]
    public async Task A_disk_that_fails_ends_the_answer_with_a_sentence_and_not_the_server()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows lets nobody cut off a mapped file.");
        await using TestServer server = await StartAsync(StreamedModel.Open(folder.Path));
        string answer = (string)(await server.PostAsync("/v1/completions", Question))["choices"]![0]!["text"]!;

        string file = folder["model.safetensors"];
        byte[] whole = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        await using (FileStream cut = Writable(file)) cut.SetLength(1000);
        JsonObject error = await server.PostAsync("/v1/completions", Question.Replace("So it is", "Something else to read", StringComparison.Ordinal), status: 500);
        string message = (string)error["error"]!["message"]!;
        Assert.StartsWith("The model's weights could not be read from disk, so this answer ended", message, StringComparison.Ordinal);
        Assert.DoesNotContain(folder.Path, message, StringComparison.Ordinal);
        Assert.Equal("ok", (string)(await server.GetAsync("/health"))["status"]!);

        await using (FileStream restored = Writable(file)) await restored.WriteAsync(whole, TestContext.Current.CancellationToken);
        Assert.Equal(answer, (string)(await server.PostAsync("/v1/completions", Question))["choices"]![0]!["text"]!);
        Assert.True((long)(await server.GetAsync("/web/model"))["streaming"]!["read_errors"]! > 0);
    }

    private static FileStream Writable(string file) => new(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
}
