using System.Text.Json;
using Anthropic;
using Anthropic.Core;
using Anthropic.Exceptions;
using Anthropic.Models.Messages;
using static Fathom.Server.Tests.TestServer;

namespace Fathom.Server.Tests;

/// <summary>The official Anthropic client for .NET against a running server; it checks what it gets.</summary>
public sealed class AnthropicClientTests
{
    private const string Weather = """[{"name":"get_weather","description":"Weather","input_schema":{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}},"required":["city"]}}]""";

    [Fact]
    public async Task Messages_whole_with_thinking()
    {
        await using TestServer server = await StartAsync(Scripts.Client);
        Message message = await Client(server).Messages.Create(Parameters("""{"model":"claude-opus-5","max_tokens":200,"system":"Be brief.","thinking":{"type":"enabled","budget_tokens":1024},"messages":[{"role":"user","content":"hi"}]}"""));
        message.Validate();
        Assert.True(message.Content[0].TryPickThinking(out ThinkingBlock? thought) && thought.Thinking == "I think about it." && thought.Signature.Length > 0);
        Assert.True(message.Content[1].TryPickText(out TextBlock? text) && text.Text == "Hello there, friend.");
        Assert.Equal(StopReason.EndTurn, message.StopReason!.Value());
        Assert.True(message.Usage.InputTokens > 0 && message.Usage.OutputTokens > 5);
    }

    [Fact]
    public async Task Messages_streamed_block_by_block()
    {
        await using TestServer server = await StartAsync(Scripts.Client);
        string text = string.Empty, thought = string.Empty, json = string.Empty;
        var kinds = new List<string>();
        await foreach (RawMessageStreamEvent one in Client(server).Messages.CreateStreaming(Parameters($$"""{"model":"claude-opus-5","max_tokens":500,"thinking":{"type":"adaptive"},"tools":{{Weather}},"messages":[{"role":"user","content":"weather in two cities?"}]}""")))
        {
            kinds.Add(one.Json.GetProperty("type").GetString()!);
            if (!one.TryPickContentBlockDelta(out RawContentBlockDeltaEvent? delta)) continue;
            if (delta.Delta.TryPickText(out TextDelta? words)) text += words.Text;
            if (delta.Delta.TryPickThinking(out ThinkingDelta? thoughts)) thought += thoughts.Thinking;
            if (delta.Delta.TryPickInputJson(out InputJsonDelta? input)) json += input.PartialJson + "|";
        }

        Assert.Equal(("I look.", "I think about it."), (text, thought));
        Assert.Equal("""{"city": "Paris"}{"city": "Rome", "days": 2}""", json.Replace("|", string.Empty, StringComparison.Ordinal));
        Assert.Equal("message_start", kinds[0]);
        Assert.Equal(["message_delta", "message_stop"], kinds[^2..]);
        Assert.Equal(4, kinds.Count(kind => kind == "content_block_start"));
    }

    [Fact]
    public async Task Tools_make_a_round_trip_and_hit_the_cache()
    {
        await using TestServer server = await StartAsync(Scripts.Client);
        AnthropicClient client = Client(server);
        string head = $$"""{"model":"claude-opus-5","max_tokens":500,"tools":{{Weather}},"system":[{"type":"text","text":"x-anthropic-billing-header: cc_version=2.1; cch=BILL;"},{"type":"text","text":"You are careful.","cache_control":{"type":"ephemeral"} }],"messages":[{"role":"user","content":[{"type":"text","text":"weather in two cities?"}]}MORE]}""";
        Message first = await client.Messages.Create(Parameters(head.Replace("MORE", string.Empty, StringComparison.Ordinal).Replace("BILL", "12345", StringComparison.Ordinal)));
        Assert.Equal(StopReason.ToolUse, first.StopReason!.Value());
        ToolUseBlock[] calls = [.. first.Content.Select(block => block.Value).OfType<ToolUseBlock>()];
        Assert.Equal(["Paris", "Rome"], calls.Select(call => call.Input["city"].GetString()));
        string results = string.Join(',', calls.Select((call, i) => $$"""{"type":"tool_result","tool_use_id":"{{call.ID}}","content":[{"type":"text","text":"{{(i == 0 ? "sun" : "rain")}}"}]}"""));
        string more = $$""",{"role":"assistant","content":{{JsonSerializer.Serialize(first.Content.Select(block => block.Json))}}},{"role":"user","content":[{{results}}]}""";
        Message second = await client.Messages.Create(Parameters(head.Replace("MORE", more, StringComparison.Ordinal).Replace("BILL", "98765", StringComparison.Ordinal)));
        Assert.True(second.Content[0].TryPickText(out TextBlock? text) && text.Text == "It says sun and rain.");
        Assert.True(second.Usage.CacheReadInputTokens >= first.Usage.InputTokens + first.Usage.OutputTokens - 3, $"{second.Usage} after {first.Usage}");
    }

    [Fact]
    public async Task Tokens_are_counted_with_tools_and_system()
    {
        await using TestServer server = await StartAsync(Scripts.Client);
        AnthropicClient client = Client(server);
        string body = $$"""{"model":"claude-opus-5","system":"Be brief.","tools":{{Weather}},"messages":[{"role":"user","content":"hi"}]}""";
        long counted = (await client.Messages.CountTokens(MessageCountTokensParams.FromRawUnchecked(Empty, Empty, Json(body)))).InputTokens;
        Message message = await client.Messages.Create(Parameters(body.Replace("{\"model\"", "{\"max_tokens\":9,\"model\"", StringComparison.Ordinal)));
        Assert.Equal(message.Usage.InputTokens + message.Usage.CacheReadInputTokens, counted);
        Assert.True(counted > 100);
    }

    [Fact]
    public async Task Errors_have_anthropics_words()
    {
        await using TestServer server = await StartAsync(Scripts.Client);
        var error = await Assert.ThrowsAnyAsync<AnthropicApiException>(() => Client(server).Messages.Create(Parameters("""{"model":"claude-opus-5","max_tokens":9,"messages":[]}""")));
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, error.StatusCode);
        Assert.Contains("messages", error.ResponseBody, StringComparison.Ordinal);
        Assert.Contains("\"type\":\"error\"", error.ResponseBody, StringComparison.Ordinal);
        Assert.Contains("fathom", string.Join(' ', (await Client(server).Models.List(new())).Items.Select(model => model.ID)), StringComparison.Ordinal);
    }

    private static IReadOnlyDictionary<string, JsonElement> Empty { get; } = new Dictionary<string, JsonElement>();

    private static AnthropicClient Client(TestServer server) => new(new ClientOptions { BaseUrl = server.Address.ToString().TrimEnd('/'), ApiKey = "any", MaxRetries = 0 });

    private static MessageCreateParams Parameters(string json) => MessageCreateParams.FromRawUnchecked(Empty, Empty, Json(json));

    private static Dictionary<string, JsonElement> Json(string json) => JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(json)!;
}
