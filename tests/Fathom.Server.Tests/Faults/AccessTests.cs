using System.Net;
using System.Text.Json.Nodes;
using Fathom.Inference;
using Fathom.Server.Access;

namespace Fathom.Server.Tests.Faults;

/// <summary>Who may ask, what one client may learn of another, and what a web page may do.</summary>
public sealed class AccessTests
{
    private const string Chat = "/v1/chat/completions";

    [Fact]
    public async Task Wrong_keys_are_refused_in_every_spelling()
    {
        using var keys = new Keys(new ApiKey { Name = "a", Sha256 = string.Empty });
        await using TestServer server = await FaultServer.StartAsync(options => options with { KeysFile = keys.Path });
        foreach ((string name, string value) in ((string, string)[])[("Authorization", "Bearer wrong"), ("Authorization", keys["a"]), ("Authorization", "Bearer"), ("Authorization", "Basic " + keys["a"]), ("x-api-key", keys["a"] + "x"), ("x-api-key", string.Empty), ("api-key", keys["a"][..^1]), ("none", "x")])
        {
            foreach (string path in (string[])[Chat, "/v1/messages", "/v1/models", "/metrics", "/slots", "/tokenize", "/nowhere"])
            {
                HttpResponseMessage refused = await SendAsync(server, path, FaultServer.Good, (name, value));
                Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
                Assert.Equal("authentication_error", (string)JsonNode.Parse(await refused.Content.ReadAsStringAsync())!["error"]!["type"]!);
            }
        }

        foreach ((string, string) good in ((string, string)[])[("Authorization", "Bearer " + keys["a"]), ("Authorization", "bearer  " + keys["a"] + " "), ("x-api-key", keys["a"]), ("api-key", keys["a"])])
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(server, Chat, FaultServer.Good, good)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await server.Http.GetAsync("/health")).StatusCode);
    }

    [Fact]
    public async Task Keys_share_nothing_that_was_computed()
    {
        using var keys = new Keys(new ApiKey { Name = "a", Sha256 = string.Empty }, new ApiKey { Name = "b", Sha256 = string.Empty }, new ApiKey { Name = "c", Sha256 = string.Empty, Space = "team" }, new ApiKey { Name = "d", Sha256 = string.Empty, Space = "team" });
        using var folder = new TemporaryFolder();
        var engine = new EngineOptions { CacheFolder = folder.Path };
        await using TestServer server = await FaultServer.StartAsync(options => options with { KeysFile = keys.Path }, engine, Scripts.Client);
        string text = string.Join(' ', Enumerable.Range(0, 600));
        async Task<int> Cached(string key) => (int)JsonNode.Parse(await (await SendAsync(server, Chat, $"{{\"messages\":[{{\"role\":\"user\",\"content\":\"{text}\"}}]}}", ("x-api-key", keys[key]))).Content.ReadAsStringAsync())!["usage"]!["prompt_tokens_details"]!["cached_tokens"]!;
        Assert.Equal(0, await Cached("a"));
        Assert.Equal(0, await Cached("b"));
        Assert.Equal(0, await Cached("c"));
        foreach (string key in (string[])["a", "b", "c", "d"]) Assert.True(await Cached(key) > 500, key);
        server.Model.ClearCache();
        Assert.True(await Cached("a") > 500);

        // Nor calls: another's id is unknown.
        JsonNode called = JsonNode.Parse(await (await SendAsync(server, Chat, """{"messages":[{"role":"user","content":"weather?"}],"tools":[{"type":"function","function":{"name":"get_weather"}}]}""", ("x-api-key", keys["a"]))).Content.ReadAsStringAsync())!;
        string id = (string)called["choices"]![0]!["message"]!["tool_calls"]![0]!["id"]!;
        string result = $"{{\"messages\":[{{\"role\":\"user\",\"content\":\"weather?\"}},{{\"role\":\"tool\",\"tool_call_id\":\"{id}\",\"content\":\"sun\"}}]}}";
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(server, Chat, result, ("x-api-key", keys["a"]))).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(server, Chat, result, ("x-api-key", keys["b"]))).StatusCode);
    }

    [Fact]
    public async Task Limits_are_told_and_kept()
    {
        using var keys = new Keys(
            new ApiKey { Name = "requests", Sha256 = string.Empty, RequestsPerMinute = 2 },
            new ApiKey { Name = "tokens", Sha256 = string.Empty, TokensPerMinute = 5 },
            new ApiKey { Name = "one", Sha256 = string.Empty, MaxConcurrent = 1 },
            new ApiKey { Name = "path", Sha256 = string.Empty, Paths = ["/chat/completions"] });
        await using TestServer server = await FaultServer.StartAsync(options => options with { KeysFile = keys.Path }, script: prompt => prompt.Contains("long", StringComparison.Ordinal) ? string.Join(' ', Enumerable.Range(0, 800)) : "Fine.");
        Task<HttpResponseMessage> Ask(string key, string path = Chat, string body = FaultServer.Good) => SendAsync(server, path, body, ("x-api-key", keys[key]));

        HttpResponseMessage first = await Ask("requests");
        Assert.Equal(["2", "1"], ((string[])["x-ratelimit-limit-requests", "x-ratelimit-remaining-requests"]).Select(name => first.Headers.GetValues(name).Single()));
        await Ask("requests");
        await AssertTooManyAsync(await Ask("requests"));
        HttpResponseMessage anthropic = await Ask("requests", "/v1/messages", """{"messages":[{"role":"user","content":"hi"}],"max_tokens":5}""");
        await AssertTooManyAsync(anthropic);
        Assert.Equal("0", anthropic.Headers.GetValues("anthropic-ratelimit-requests-remaining").Single());

        Assert.Equal(HttpStatusCode.OK, (await Ask("tokens")).StatusCode);
        await AssertTooManyAsync(await Ask("tokens"));

        // Many at once: one gets in, and when it is gone the next one may.
        HttpResponseMessage[] many = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Ask("one", body: """{"messages":[{"role":"user","content":"long"}],"stream":false}""")));
        Assert.Contains(many, one => one.StatusCode == HttpStatusCode.OK);
        Assert.All(many, one => Assert.True(one.StatusCode is HttpStatusCode.OK or HttpStatusCode.TooManyRequests));
        Assert.Contains(many, one => one.StatusCode == HttpStatusCode.TooManyRequests);
        Assert.Equal(HttpStatusCode.OK, (await Ask("one")).StatusCode);

        Assert.Equal(HttpStatusCode.OK, (await Ask("path")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await Ask("path", "/anthropic/v1/chat/completions/")).StatusCode);
        foreach (string path in (string[])["/v1/messages", "/v1/completions", "/v1/models", "/tokenize", "/v1/chat/../messages", "/metrics", "/v1/CHAT/completionsx/../../messages"])
            Assert.Equal(HttpStatusCode.Forbidden, (await Ask("path", path)).StatusCode);
    }

    [Theory]
    [InlineData("evil.example", null, "application/json", 403)]
    [InlineData("127.0.0.1.evil.example", null, "application/json", 403)]
    [InlineData("localhost.evil.example:80", null, "application/json", 403)]
    [InlineData("10.0.0.1", null, "application/json", 403)]
    [InlineData("localhost", null, "text/plain", 200)]
    [InlineData("[::1]:80", null, "application/json", 200)]
    [InlineData("localhost:1", "http://localhost:2", "application/json", 403)]
    [InlineData("localhost", "null", "application/json", 403)]
    [InlineData("localhost", "https://evil.example", "application/json", 403)]
    [InlineData("localhost", "https://good.example", "text/plain", 415)]
    [InlineData("localhost", "https://good.example", "application/x-www-form-urlencoded", 415)]
    [InlineData("localhost", "https://good.example", "multipart/form-data; boundary=x", 415)]
    [InlineData("localhost", "https://good.example", "application/jsonx", 415)]
    [InlineData("localhost", "https://good.example", null, 415)]
    [InlineData("localhost", "https://good.example", "application/json; charset=utf-8", 200)]
    [InlineData("localhost:1", "http://localhost:1", "application/json", 200)]
    [InlineData("good.example", null, "application/json", 200)]
    public async Task Foreign_pages_are_kept_out(string host, string? origin, string? type, int status)
    {
        await using TestServer server = await FaultServer.StartAsync(options => options with { CorsOrigins = ["https://good.example"], HostNames = ["good.example"] });
        using RawClient client = await RawClient.ConnectAsync(server);
        string headers = (origin is null ? string.Empty : $"Origin: {origin}\r\n") + (type is null ? string.Empty : $"Content-Type: {type}\r\n");
        await client.SendAsync($"POST {Chat} HTTP/1.1\r\nHost: {host}\r\n{headers}Connection: close\r\nContent-Length: {FaultServer.Good.Length}\r\n\r\n{FaultServer.Good}");
        string answer = await client.ReadUntilAsync("no such text");
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.Equal(origin == "https://good.example", answer.Contains("Access-Control-Allow-Origin: https://good.example", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("https://good.example", "authorization, content-type", 204)]
    [InlineData("https://good.example", "x-é, \u0001", 204)]
    [InlineData("https://good.example", "x-é", 204)]
    [InlineData("https://evil.example", "authorization", 403)]
    [InlineData("https://é.example", "authorization", 403)]
    public async Task Preflights_need_no_key_and_break_nothing(string origin, string wanted, int status)
    {
        using var keys = new Keys(new ApiKey { Name = "a", Sha256 = string.Empty });
        await using TestServer server = await FaultServer.StartAsync(options => options with { CorsOrigins = ["https://good.example"], KeysFile = keys.Path });
        using RawClient client = await RawClient.ConnectAsync(server);
        await client.SendAsync($"OPTIONS {Chat} HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: {wanted}\r\nConnection: close\r\n\r\n");
        Assert.StartsWith($"HTTP/1.1 {status} ", await client.ReadUntilAsync("no such text"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Secrets_stay_in_their_conversations()
    {
        // The model repeats what it was told: whatever mixes conversations would show.
        await using TestServer server = await FaultServer.StartAsync(engine: new EngineOptions { MaxConcurrent = 8 }, script: prompt => "You said " + prompt[(prompt.LastIndexOf("<｜User｜>", StringComparison.Ordinal) + 8)..prompt.LastIndexOf("<｜Assistant｜>", StringComparison.Ordinal)]);
        int clients = FaultServer.IsLong ? 400 : 60;
        string[] secrets = [.. Enumerable.Range(0, clients).Select(i => $"secret-{i * 7919:x8}")];
        await Parallel.ForEachAsync(Enumerable.Range(0, clients), new ParallelOptions { MaxDegreeOfParallelism = 24 }, async (i, _) =>
        {
            // Some begin alike, some are exactly alike but for the secret at the end.
            string question = $"{string.Join(' ', Enumerable.Repeat("alike", i % 5 * 40))} {secrets[i]}";
            string fields = $"\"messages\":[{{\"role\":\"user\",\"content\":{TestServer.Quote(question)}}}]";
            string answer = (i % 3) switch
            {
                0 => (await server.PostAsync(Chat, $"{{{fields}}}")).ToJsonString(),
                1 => string.Concat((await server.CollectAsync(Chat, $"{{{fields},\"stream\":true}}")).SkipLast(1).Select(one => (string?)JsonNode.Parse(one.Data)!["choices"]![0]!["delta"]!["content"])),
                _ => (await server.PostAsync("/v1/messages", $"{{{fields},\"max_tokens\":3000}}")).ToJsonString(),
            };
            Assert.Contains(secrets[i], answer, StringComparison.Ordinal);
            Assert.DoesNotContain(secrets, other => other != secrets[i] && answer.Contains(other, StringComparison.Ordinal));
        });
        foreach (string path in (string[])["/slots", "/metrics", "/props"]) Assert.DoesNotContain("secret-", await server.Http.GetStringAsync(path), StringComparison.Ordinal);
    }

    private static async Task AssertTooManyAsync(HttpResponseMessage response)
    {
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.InRange(response.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 61);
        Assert.Equal("rate_limit_error", (string)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!["type"]!);
    }

    private static async Task<HttpResponseMessage> SendAsync(TestServer server, string path, string body, (string Name, string Value) header)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = TestServer.Body(body) };
        request.Headers.TryAddWithoutValidation(header.Name, header.Value);
        return await server.Http.SendAsync(request);
    }

    /// <summary>A file of keys.</summary>
    private sealed class Keys : IDisposable
    {
        private readonly TemporaryFolder folder = new();
        private readonly Dictionary<string, string> secrets = [];

        public Keys(params ApiKey[] keys)
        {
            foreach (ApiKey key in keys) secrets[key.Name] = KeyFile.Add(Path, key);
        }

        public string Path => System.IO.Path.Combine(folder.Path, "keys.json");

        public string this[string name] => secrets[name];

        public void Dispose() => folder.Dispose();
    }
}
