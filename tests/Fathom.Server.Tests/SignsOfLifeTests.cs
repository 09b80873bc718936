using System.Text.Json.Nodes;
using static Fathom.Server.Tests.TestServer;

namespace Fathom.Server.Tests;

/// <summary>While a model is slow, streams show that somebody is at work.</summary>
public sealed class SignsOfLifeTests
{
    private static readonly ServerOptions Quick = new() { ThinksByDefault = false, ThinksByDefaultForAnthropic = false, HeartbeatSeconds = 0.05 };

    [Fact]
    public async Task Streams_beat_in_their_dialects_words_while_nothing_happens()
    {
        await using TestServer server = await StartAsync(Slow, Quick);
        List<(string? Name, string Data)> chat = await server.CollectAsync("/v1/chat/completions", """{"messages":[{"role":"user","content":"a"}],"stream":true}""", keepsComments: true);
        Assert.Contains((":", "keep-alive"), chat);
        Assert.Equal("[DONE]", chat[^1].Data);
        List<(string? Name, string Data)> messages = await server.CollectAsync("/v1/messages", """{"max_tokens":20,"messages":[{"role":"user","content":"b"}],"stream":true}""");
        Assert.True(messages.Count(one => one.Name == "ping") >= 2);
        Assert.Equal("message_stop", messages[^1].Name);
        List<(string? Name, string Data)> response = await server.CollectAsync("/v1/responses", """{"input":"c","stream":true}""", keepsComments: true);
        Assert.Contains((":", "keep-alive"), response);
        Assert.Equal("response.completed", response[^1].Name);
        JsonObject whole = await server.PostAsync("/v1/chat/completions", """{"messages":[{"role":"user","content":"d"}]}""");
        Assert.Equal("Late.", (string)whole["choices"]![0]!["message"]!["content"]!);
    }

    [Fact]
    public async Task Who_asks_for_it_sees_how_far_the_prompt_is_read()
    {
        await using TestServer server = await StartAsync(_ => "Read.", Quick);
        string text = Quote(string.Join(' ', Enumerable.Repeat("word", 3000)));
        List<(string? Name, string Data)> events = await server.CollectAsync("/v1/chat/completions", $$"""{"messages":[{"role":"user","content":{{text}}}],"stream":true,"return_progress":true}""");
        int[] done = [.. events.Where(one => one.Data.Contains("prompt_progress", StringComparison.Ordinal)).Select(one => (int)JsonNode.Parse(one.Data)!["prompt_progress"]!["processed"]!)];
        Assert.True(done.Length > 4, $"{done.Length} reports");
        Assert.Equal(done.Order(), done);
    }

    private static string Slow(string prompt)
    {
        _ = prompt;
        Thread.Sleep(400);
        return "Late.";
    }
}
