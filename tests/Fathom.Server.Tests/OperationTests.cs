using System.Text.Json.Nodes;
using Fathom.Server.Access;
using static Fathom.Server.Tests.TestServer;

namespace Fathom.Server.Tests;

/// <summary>Tokens, status, models, plain completions and the usage log.</summary>
public sealed class OperationTests
{
    [Fact]
    public async Task Tokens_go_there_and_back_in_both_spellings()
    {
        await using TestServer server = await StartAsync(Scripts.Client);
        JsonObject tokens = await server.PostAsync("/tokenize", """{"content":"Hello there","with_pieces":true}""");
        Assert.Equal("Hello there", string.Concat(tokens["tokens"]!.AsArray().Select(token => (string)token!["piece"]!)));
        JsonObject vllm = await server.PostAsync("/v1/tokenize", """{"prompt":"Hello there"}""");
        Assert.Equal((int)vllm["count"]!, tokens["tokens"]!.AsArray().Count + 1);
        JsonObject text = await server.PostAsync("/detokenize", $$"""{"tokens":{{new JsonArray([.. tokens["tokens"]!.AsArray().Select(token => (JsonNode)(int)token!["id"]!)]).ToJsonString()}}}""");
        Assert.Equal("Hello there", (string)text["content"]!);
        await server.PostAsync("/detokenize", """{"tokens":[99999999]}""", 400);
        JsonObject prompt = await server.PostAsync("/apply-template", """{"messages":[{"role":"user","content":"hi"}],"tokens":true}""");
        Assert.EndsWith("<｜User｜>hi<｜Assistant｜></think>", (string)prompt["prompt"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_is_continued_and_filled_in()
    {
        await using TestServer server = await StartAsync(prompt => prompt.Contains("fim", StringComparison.Ordinal) ? "middle" : " and on");
        JsonObject plain = await server.PostAsync("/v1/completions", """{"prompt":"so on:","echo":true,"logprobs":1}""");
        Assert.Equal("so on: and on", (string)plain["choices"]![0]!["text"]!);
        Assert.Equal(plain["choices"]![0]!["logprobs"]!["tokens"]!.AsArray().Count, plain["choices"]![0]!["logprobs"]!["text_offset"]!.AsArray().Count);
        JsonObject filled = await server.PostAsync("/beta/completions", """{"prompt":"a","suffix":"b","max_tokens":20}""");
        Assert.Equal("middle", (string)filled["choices"]![0]!["text"]!);
        JsonObject several = await server.PostAsync("/v1/completions", """{"prompt":["x:","y:"],"n":2}""");
        Assert.Equal([0, 1, 2, 3], several["choices"]!.AsArray().Select(choice => (int)choice!["index"]!));
    }

    [Fact]
    public async Task Status_models_and_metrics_are_there()
    {
        await using TestServer server = await StartAsync(Scripts.Client);
        await server.PostAsync("/v1/chat/completions", """{"messages":[{"role":"user","content":"hi"}]}""");
        Assert.Equal("ok", (string)(await server.GetAsync("/health"))["status"]!);
        Assert.Equal("fathom", (string)(await server.GetAsync("/v1/models"))["data"]![0]!["id"]!);
        Assert.Equal("deepseek-chat", (string)(await server.GetAsync("/v1/models/deepseek-chat"))["id"]!);
        Assert.True((bool)(await server.GetAsync("/user/balance"))["is_available"]!);
        Assert.Equal(0, (int)(await server.GetAsync("/slots"))["running"]!);
        Assert.True((int)(await server.GetAsync("/props"))["n_ctx"]! > 0);
        JsonObject openApi = await server.GetAsync("/openapi.json");
        Assert.NotNull(openApi["paths"]!["/v1/chat/completions"]!["post"]);
        string metrics = await server.Http.GetStringAsync("/metrics");
        foreach (string name in (string[])["fathom_requests_total", "fathom_prompt_tokens_total", "gen_ai_server_time_to_first_token_seconds_bucket", "fathom_running", "fathom_cache_bytes"])
            Assert.Contains(name, metrics, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Users_of_a_client_share_what_was_computed_unless_they_are_isolated(bool isIsolated)
    {
        await using TestServer server = await StartAsync(Scripts.Client, new ServerOptions { ThinksByDefault = false, ThinksByDefaultForAnthropic = false, IsolatesUsers = isIsolated });
        string text = Quote(string.Join(' ', Enumerable.Repeat("word", 300)));
        async Task<int> CachedAsync(string user) => (int)(await server.PostAsync("/v1/messages", $$"""{"max_tokens":5,"metadata":{"user_id":"{{user}}"},"messages":[{"role":"user","content":{{text}}}]}"""))["usage"]!["cache_read_input_tokens"]!;
        await CachedAsync("one");
        Assert.Equal(isIsolated, await CachedAsync("other") == 0);
        Assert.True(await CachedAsync("one") > 200);
    }

    [Fact]
    public async Task Sampling_counts_for_nothing_while_thinking_when_the_server_says_so()
    {
        await using TestServer server = await TestServer.StartBuiltInAsync(new ServerOptions { IgnoresSamplingWhenThinking = true });
        JsonObject[] answers = [.. await Task.WhenAll(Enumerable.Range(1, 4).Select(seed => server.PostAsync("/v1/chat/completions", $$"""{"messages":[{"role":"user","content":"Tell me."}],"temperature":0,"seed":{{seed}},"max_tokens":30}""")))];
        Assert.True(answers.Select(answer => answer["choices"]![0]!["message"]!.ToJsonString()).Distinct().Count() > 1);
    }

    [Fact]
    public async Task Each_request_is_noted_with_tokens_and_price()
    {
        string path = Path.Combine(Path.GetTempPath(), $"fathom-usage-{Guid.NewGuid():N}.db");
        try
        {
            await using (TestServer server = await StartAsync(Scripts.Client, new ServerOptions { UsageFile = path, ThinksByDefault = false }))
            {
                for (int i = 0; i < 3; i++) await server.PostAsync("/v1/chat/completions", """{"messages":[{"role":"user","content":"hi"}]}""");
            }

            await using var log = new UsageLog(path, _ => { });
            UsageSum sum = Assert.Single(log.Sums());
            Assert.Equal((3, 15), (sum.Requests, sum.PromptTokens));
            Assert.Equal(sum.Price, new TokenPrices().Of((int)sum.PromptTokens, (int)sum.CachedTokens, (int)sum.AnswerTokens), 9);
        }
        finally
        {
            foreach (string file in Directory.GetFiles(Path.GetTempPath(), Path.GetFileName(path) + "*")) File.Delete(file);
        }
    }
}
