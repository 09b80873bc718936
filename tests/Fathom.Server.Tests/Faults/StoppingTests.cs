using System.Net;
using System.Text.Json.Nodes;

namespace Fathom.Server.Tests.Faults;

/// <summary>A server that is stopped in the middle of its work.</summary>
public sealed class StoppingTests
{
    private static readonly string Long = string.Join(' ', Enumerable.Range(0, 3000));

    [Fact]
    public async Task Running_answers_finish_and_new_ones_are_sent_away()
    {
        await using TestServer server = await FaultServer.StartAsync(options => options with { DrainSeconds = 30 }, script: _ => string.Join(' ', Enumerable.Range(0, 600)));
        using RawClient running = await RawClient.ConnectAsync(server);
        await running.PostAsync(server, "/v1/chat/completions", """{"messages":[{"role":"user","content":"hi"}],"stream":true}""");
        await FaultServer.UntilAsync(() => server.Model.Status.Running == 1, "it runs");
        Task stop = server.Server.StopAsync();
        foreach (string path in (string[])["/v1/chat/completions", "/v1/messages", "/v1/responses"])
        {
            using HttpResponseMessage refused = await server.Http.PostAsync(path, TestServer.Body(FaultServer.Good));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.NotNull(refused.Headers.RetryAfter);
            Assert.NotNull(JsonNode.Parse(await refused.Content.ReadAsStringAsync())!["error"]!["message"]);
        }

        string text = await running.ReadUntilAsync("[DONE]");
        Assert.Contains("\"finish_reason\":\"stop\"", text, StringComparison.Ordinal);
        await stop.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Theory]
    [InlineData("/v1/chat/completions", "\"server_error\"")]
    [InlineData("/v1/messages", "event: error")]
    [InlineData("/v1/responses", "event: response.failed")]
    public async Task Answers_that_take_longer_than_the_patience_end_with_a_word(string path, string word)
    {
        await using TestServer server = await TestServer.StartAsync(_ => Long + Long + Long, new ServerOptions { ThinksByDefault = false, ThinksByDefaultForAnthropic = false, DrainSeconds = 0 });
        using RawClient stream = await RawClient.ConnectAsync(server), whole = await RawClient.ConnectAsync(server);
        string fields = path.EndsWith("responses", StringComparison.Ordinal) ? "\"input\":\"hi\"" : "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]";
        await stream.PostAsync(server, path, $"{{{fields},\"stream\":true}}");
        await whole.PostAsync(server, path, $"{{{fields}}}");
        await FaultServer.UntilAsync(() => server.Model.Status.Running == 2, "both run");

        // A stream that has not begun would still get a status of its own.
        Assert.StartsWith("HTTP/1.1 200", await stream.ReadAsync(), StringComparison.Ordinal);
        Task<string> streamed = stream.ReadUntilAsync("\r\n0\r\n\r\n"), answered = whole.ReadUntilAsync("}}");
        await server.Server.StopAsync().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Contains(word, await streamed, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 503", await answered, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_is_closed_under_the_server_is_no_defect()
    {
        await using TestServer server = await FaultServer.StartAsync(script: _ => string.Join(' ', Enumerable.Range(0, 900)));
        using RawClient running = await RawClient.ConnectAsync(server);
        await running.PostAsync(server, "/v1/chat/completions", """{"messages":[{"role":"user","content":"hi"}],"stream":true}""");
        await FaultServer.UntilAsync(() => server.Model.Status.Answers.Any(answer => answer.AnswerTokens > 0), "it runs");
        server.Model.Dispose();
        Assert.Contains("The server is stopping", await running.ReadUntilAsync("\r\n0\r\n\r\n"), StringComparison.Ordinal);
        await server.PostAsync("/v1/chat/completions", FaultServer.Good, 503);
    }
}
