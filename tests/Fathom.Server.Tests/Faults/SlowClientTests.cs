using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Fathom.Server.Tests.Faults;

/// <summary>Clients that send too much, or read too little.</summary>
public sealed class SlowClientTests
{
    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/v1/messages")]
    [InlineData("/v1/responses")]
    [InlineData("/tokenize")]
    public async Task A_body_that_is_too_large_is_refused(string path)
    {
        await using TestServer server = await FaultServer.StartAsync(options => options with { MaxBodyBytes = 10_000 });
        foreach (bool isChunked in (bool[])[false, true])
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = TestServer.Body($"{{\"content\":\"{new string('a', 50_000)}\"}}") };
            request.Headers.TransferEncodingChunked = isChunked;
            using HttpResponseMessage response = await server.Http.SendAsync(request);
            JsonNode error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!;
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
            Assert.Equal(path == "/v1/messages" ? "request_too_large" : "invalid_request_error", (string)error["type"]!);
        }

        // Announced and never sent: refused at once, not waited for.
        using RawClient client = await RawClient.ConnectAsync(server);
        await client.SendAsync($"POST {path} HTTP/1.1\r\nHost: {server.Address.Authority}\r\nContent-Length: 99999999999\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 413", await client.ReadUntilAsync("\r\n\r\n"), StringComparison.Ordinal);
        await FaultServer.AssertAnswersAsync(server);
    }

    [Fact]
    public async Task A_body_just_within_the_limit_is_read()
    {
        await using TestServer server = await FaultServer.StartAsync(options => options with { MaxBodyBytes = 10_000 });
        string body = FaultServer.Good + new string(' ', 10_000 - FaultServer.Good.Length);
        await server.PostAsync("/v1/chat/completions", body);
        await server.PostAsync("/v1/chat/completions", body + " ", 413);
    }

    [Theory]
    [InlineData("/v1/chat/completions", 1)]
    [InlineData("/v1/chat/completions", 4)]
    [InlineData("/v1/messages", 1)]
    public async Task Who_stops_reading_holds_up_itself_only(string path, int answers)
    {
        const int Words = 60_000;
        string endless = string.Join(' ', Enumerable.Range(0, Words));
        await using TestServer server = await TestServer.StartAsync(
            prompt => prompt.Contains("endless", StringComparison.Ordinal) ? endless : "Fine.",
            new ServerOptions { ThinksByDefault = false, ThinksByDefaultForAnthropic = false }, maxPositions: 1_000_000);
        using RawClient stalled = await RawClient.ConnectAsync(server);
        string count = answers > 1 ? $",\"n\":{answers}" : string.Empty;
        await stalled.PostAsync(server, path, $"{{\"messages\":[{{\"role\":\"user\",\"content\":\"endless\"}}],\"stream\":true{count}}}");
        await stalled.ReadAsync(100);
        await FaultServer.UntilAsync(() => server.Model.Status.Answers.Count == answers, "the answers begin");

        // It is not read any more: after what fits the buffers nothing more is computed.
        int before = -1;
        long until = Environment.TickCount64 + 30_000;
        while (Written(server) is var now && now != before)
        {
            Assert.True(Environment.TickCount64 < until, "The answer went on though nobody read it.");
            before = now;
            long started = Stopwatch.GetTimestamp();
            await FaultServer.AssertAnswersAsync(server);
            Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(5), "Another client had to wait.");
            await Task.Delay(400);
        }

        Assert.InRange(before, 10, answers * 30_000);
        stalled.Dispose();
        await FaultServer.UntilAsync(() => server.Model.Status.Running == 0 && server.Server.OpenRequests == 0, "the slot is free again");
    }

    [Fact]
    public async Task Who_reads_nothing_for_too_long_counts_as_gone()
    {
        string endless = string.Join(' ', Enumerable.Range(0, 60_000));
        await using TestServer server = await TestServer.StartAsync(_ => endless, new ServerOptions { ThinksByDefault = false, StalledSeconds = 1 }, maxPositions: 1_000_000);
        using RawClient stalled = await RawClient.ConnectAsync(server);
        await stalled.PostAsync(server, "/v1/chat/completions", """{"messages":[{"role":"user","content":"go"}],"stream":true}""");
        await stalled.ReadAsync(100);
        await FaultServer.UntilAsync(() => server.Model.Status.Running == 0 && server.Server.OpenRequests == 0, "the slot is free though the client is still connected");
    }

    [Fact]
    public async Task Who_reads_a_byte_at_a_time_gets_all_and_others_are_quick()
    {
        await using TestServer server = await FaultServer.StartAsync(script: prompt => prompt.Contains("hi", StringComparison.Ordinal) ? "Fine." : string.Join(' ', Enumerable.Range(0, 100)));
        using RawClient slow = await RawClient.ConnectAsync(server);
        await slow.PostAsync(server, "/v1/chat/completions", """{"messages":[{"role":"user","content":"slow"}],"stream":true}""");
        var text = new StringBuilder();
        int pause = FaultServer.IsLong ? 1000 : 10;
        for (int i = 0; i < 100; i++)
        {
            text.Append(await slow.ReadAsync(1));
            await Task.Delay(pause);
            if (i % 10 == 0) await FaultServer.AssertAnswersAsync(server);
        }

        while (!text.ToString().EndsWith("[DONE]\n\n\r\n", StringComparison.Ordinal)) text.Append(await slow.ReadAsync(1) is { Length: > 0 } more ? more : throw new Xunit.Sdk.XunitException("closed early"));
        Assert.Contains("\"finish_reason\":\"stop\"", text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_sends_slowly_takes_no_slot()
    {
        await using TestServer server = await FaultServer.StartAsync();
        var slow = new List<RawClient>();
        for (int i = 0; i < 40; i++)
        {
            RawClient client = await RawClient.ConnectAsync(server);
            await client.SendAsync($"POST /v1/chat/completions HTTP/1.1\r\nHost: {server.Address.Authority}\r\nContent-Length: 1000\r\n\r\n{{\"messages\":");
            slow.Add(client);
        }

        await FaultServer.UntilAsync(() => server.Server.OpenRequests == 40, "all are being read");
        Assert.Equal(0, server.Model.Status.Running + server.Model.Status.Waiting);
        await FaultServer.AssertAnswersAsync(server);
        slow.ForEach(client => client.Dispose());
        await FaultServer.UntilAsync(() => server.Server.OpenRequests == 0, "all are gone");
    }

    private static int Written(TestServer server) => server.Model.Status.Answers.Sum(answer => answer.AnswerTokens);
}
