using System.Text.Json.Nodes;
using static Fathom.Server.Tests.TestServer;

namespace Fathom.Server.Tests;

/// <summary>Chat completions, byte by byte.</summary>
public sealed class ChatCompletionsTests
{
    private const string Weather = """[{"type":"function","function":{"name":"get_weather","description":"Weather","parameters":{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}},"required":["city"]}}}]""";

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/chat/completions")]
    [InlineData("/beta/chat/completions?api-version=1")]
    public async Task A_whole_answer_has_all_fields(string path)
    {
        await using TestServer server = await StartAsync(Scripts.Client);
        JsonObject body = await server.PostAsync(path, """{"model":"deepseek-v4-flash","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"hi","name":"x"}],"unknown":{"a":1},"store":null}""");
        Assert.Equal(("chat.completion", "deepseek-v4-flash"), ((string)body["object"]!, (string)body["model"]!));
        Assert.StartsWith("chatcmpl-", (string)body["id"]!, StringComparison.Ordinal);
        JsonNode choice = body["choices"]![0]!;
        Assert.Equal(("Hello there, friend.", "stop"), ((string)choice["message"]!["content"]!, (string)choice["finish_reason"]!));
        Assert.False(choice["message"]!.AsObject().ContainsKey("tool_calls"));
        Assert.False(choice["message"]!.AsObject().ContainsKey("reasoning_content"));
        JsonNode usage = body["usage"]!;
        Assert.Equal((int)usage["total_tokens"]!, (int)usage["prompt_tokens"]! + (int)usage["completion_tokens"]!);
        Assert.Equal((int)usage["prompt_tokens"]!, (int)usage["prompt_cache_hit_tokens"]! + (int)usage["prompt_cache_miss_tokens"]!);
    }

    [Fact]
    public async Task A_stream_comes_in_order()
    {
        await using TestServer server = await StartAsync(Scripts.Client);
        List<(string? Name, string Data)> events = await server.CollectAsync("/v1/chat/completions", """{"messages":[{"role":"user","content":"hi"}],"stream":true,"stream_options":{"include_usage":true},"thinking":{"type":"enabled"}}""");
        Assert.All(events, one => Assert.Null(one.Name));
        Assert.Equal("[DONE]", events[^1].Data);
        JsonNode[] chunks = [.. events.SkipLast(1).Select(one => JsonNode.Parse(one.Data)!)];
        Assert.Single(chunks.Select(chunk => (string)chunk["id"]!).Distinct());
        Assert.All(chunks, chunk => Assert.Equal("chat.completion.chunk", (string)chunk["object"]!));
        JsonObject[] deltas = [.. chunks.SkipLast(1).Select(chunk => chunk["choices"]![0]!["delta"]!.AsObject())];
        Assert.Equal("{\"role\":\"assistant\",\"content\":\"\"}", deltas[0].ToJsonString());
        Assert.Equal("I think about it.", string.Concat(deltas.Select(delta => (string?)delta["reasoning_content"])));
        Assert.Equal("Hello there, friend.", string.Concat(deltas.Select(delta => (string?)delta["content"])));
        int lastThought = Array.FindLastIndex(deltas, delta => delta.ContainsKey("reasoning_content")), firstText = Array.FindIndex(deltas, 1, delta => delta.ContainsKey("content"));
        Assert.True(lastThought < firstText);
        Assert.Equal("stop", (string)chunks[^2]["choices"]![0]!["finish_reason"]!);
        Assert.Empty(chunks[^1]["choices"]!.AsArray());
        Assert.True((int)chunks[^1]["usage"]!["completion_tokens_details"]!["reasoning_tokens"]! > 0);
        Assert.All(chunks.SkipLast(1), chunk => Assert.True(chunk.AsObject().ContainsKey("usage") && chunk["usage"] is null));
    }

    [Fact]
    public async Task Calls_come_whole_and_as_they_grow()
    {
        await using TestServer server = await StartAsync(Scripts.Client);
        string request = $$"""{"messages":[{"role":"user","content":"weather in two cities?"}],"tools":{{Weather}}, "stream":STREAM}""";
        JsonObject whole = await server.PostAsync("/v1/chat/completions", request.Replace("STREAM", "false", StringComparison.Ordinal));
        JsonNode message = whole["choices"]![0]!["message"]!;
        Assert.Equal("tool_calls", (string)whole["choices"]![0]!["finish_reason"]!);
        Assert.Equal(["""{"city": "Paris"}""", """{"city": "Rome", "days": 2}"""], message["tool_calls"]!.AsArray().Select(call => (string)call!["function"]!["arguments"]!));
        Assert.All(message["tool_calls"]!.AsArray(), call => Assert.Matches("^call_[A-Za-z0-9]{24}$", (string)call!["id"]!));

        JsonObject[] deltas = [.. (await server.CollectAsync("/v1/chat/completions", request.Replace("STREAM", "true", StringComparison.Ordinal)))
            .SkipLast(1).Select(one => JsonNode.Parse(one.Data)!["choices"]![0]!["delta"]!.AsObject())];
        JsonNode[] calls = [.. deltas.Where(delta => delta.ContainsKey("tool_calls")).Select(delta => delta["tool_calls"]![0]!)];
        foreach (int index in (int[])[0, 1])
        {
            JsonNode[] own = [.. calls.Where(call => (int)call["index"]! == index)];
            Assert.Equal(("function", "get_weather"), ((string)own[0]["type"]!, (string)own[0]["function"]!["name"]!));
            Assert.All(own.Skip(1), call => Assert.False(call.AsObject().ContainsKey("id")));
            Assert.Equal((string)message["tool_calls"]![index]!["function"]!["arguments"]!, string.Concat(own.Select(call => (string)call["function"]!["arguments"]!)));
        }

        Assert.Equal("I look.", string.Concat(deltas.Select(delta => (string?)delta["content"])));
        Assert.DoesNotContain(deltas, delta => delta.ToJsonString().Contains("DSML", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Calls_that_come_back_in_another_spelling_are_a_cache_hit()
    {
        await using TestServer server = await StartAsync(Scripts.Client);
        string tools = $"\"tools\":{Weather},\"thinking\":{{\"type\":\"enabled\"}}";
        JsonObject first = await server.PostAsync("/v1/chat/completions", $$"""{"messages":[{"role":"user","content":"weather in two cities?"}],{{tools}}}""");
        JsonArray calls = first["choices"]![0]!["message"]!["tool_calls"]!.AsArray();
        int before = (int)first["usage"]!["total_tokens"]!;
        string Called(int i, string arguments) => new JsonObject { ["id"] = (string)calls[i]!["id"]!, ["type"] = "function", ["function"] = new JsonObject { ["name"] = "get_weather", ["arguments"] = arguments } }.ToJsonString();

        // No reasoning, no content, other spacing and another order of keys.
        string history = $$"""{"role":"user","content":"weather in two cities?"},{"role":"assistant","content":null,"tool_calls":[{{Called(0, """{"city":"Paris"}""")}},{{Called(1, """{"days":2,"city":"Rome"}""")}}]},{"role":"tool","tool_call_id":{{Quote((string)calls[0]!["id"]!)}},"content":"sun"},{"role":"tool","tool_call_id":{{Quote((string)calls[1]!["id"]!)}},"content":"rain"}""";
        JsonObject second = await server.PostAsync("/v1/chat/completions", $$"""{"messages":[{{history}}],{{tools}}}""");
        Assert.Equal("It says sun and rain.", (string)second["choices"]![0]!["message"]!["content"]!);
        Assert.True((int)second["usage"]!["prompt_cache_hit_tokens"]! >= before - 3, $"{second["usage"]!.ToJsonString()} after {before}");

        // Only the results: the call is known by its id.
        JsonObject alone = await server.PostAsync("/v1/chat/completions", $$"""{"messages":[{"role":"user","content":"weather in two cities?"},{"role":"tool","tool_call_id":{{Quote((string)calls[0]!["id"]!)}},"content":"sun"},{"role":"tool","tool_call_id":{{Quote((string)calls[1]!["id"]!)}},"content":"rain"}],{{tools}}}""");
        Assert.True((int)alone["usage"]!["prompt_cache_hit_tokens"]! >= before - 3);

        JsonObject unknown = await server.PostAsync("/v1/chat/completions", """{"messages":[{"role":"user","content":"x"},{"role":"tool","tool_call_id":"call_never","content":"sun"}]}""", 400);
        Assert.Contains("call_never", (string)unknown["error"]!["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Choices_of_tools_are_kept()
    {
        await using TestServer server = await StartAsync(_ => "No tool for me.");
        foreach (string choice in (string[])["\"required\"", """{"type":"function","function":{"name":"get_weather"}}"""])
        {
            JsonObject body = await server.PostAsync("/v1/chat/completions", $$"""{"messages":[{"role":"user","content":"hi"}],"tools":{{Weather}},"tool_choice":{{choice}},"max_tokens":400,"temperature":1,"seed":3}""");
            JsonNode answer = body["choices"]![0]!;
            string? finish = (string?)answer["finish_reason"];
            if (finish == "tool_calls") Assert.Equal("get_weather", (string)answer["message"]!["tool_calls"]![0]!["function"]!["name"]!);
            else Assert.Equal("length", finish);
            Assert.DoesNotContain("No tool", (string?)answer["message"]!["content"] ?? string.Empty, StringComparison.Ordinal);
        }

        JsonObject none = await server.PostAsync("/v1/chat/completions", $$"""{"messages":[{"role":"user","content":"hi"}],"tools":{{Weather}},"tool_choice":"none"}""");
        Assert.Equal("No tool for me.", (string)none["choices"]![0]!["message"]!["content"]!);
        JsonObject wrong = await server.PostAsync("/v1/chat/completions", $$$"""{"messages":[{"role":"user","content":"hi"}],"tools":{{{Weather}}},"tool_choice":{"type":"function","function":{"name":"other"} } }""", 400);
        Assert.Equal("tool_choice", (string)wrong["error"]!["param"]!);
    }

    [Fact]
    public async Task Several_answers_stop_texts_probabilities_and_limits()
    {
        await using TestServer server = await StartAsync(Scripts.Client);
        JsonObject body = await server.PostAsync("/v1/chat/completions", """{"messages":[{"role":"user","content":"hi"}],"n":3,"stop":["friend"],"logprobs":true,"top_logprobs":2,"max_tokens":1000000000}""");
        JsonArray choices = body["choices"]!.AsArray();
        Assert.Equal([0, 1, 2], choices.Select(choice => (int)choice!["index"]!));
        Assert.All(choices, choice => Assert.Equal("Hello there, ", (string)choice!["message"]!["content"]!));
        JsonNode first = choices[0]!["logprobs"]!["content"]![0]!;
        Assert.Equal(2, first["top_logprobs"]!.AsArray().Count);
        Assert.Equal((string)first["token"]!, (string)first["top_logprobs"]![0]!["token"]!);
        JsonObject cut = await server.PostAsync("/v1/chat/completions", """{"messages":[{"role":"user","content":"count"}],"max_tokens":5}""");
        Assert.Equal(("length", 5), ((string)cut["choices"]![0]!["finish_reason"]!, (int)cut["usage"]!["completion_tokens"]!));
    }

    [Fact]
    public async Task A_beginning_is_continued()
    {
        string? seen = null;
        await using TestServer server = await StartAsync(prompt =>
        {
            seen = prompt;
            return "beginning, and more";
        });
        JsonObject body = await server.PostAsync("/beta/chat/completions", """{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"beginning","prefix":true}]}""");
        Assert.Equal(", and more", (string)body["choices"]![0]!["message"]!["content"]!);
        Assert.EndsWith("<｜Assistant｜></think>", seen, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"messages":[]}""", 400, "messages")]
    [InlineData("""{}""", 400, "messages")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"temperature":3}""", 400, "temperature")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"temperature":"hot"}""", 400, "temperature")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"n":99}""", 400, "n")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"model":"gpt-9"}""", 404, "model")]
    [InlineData("""{"messages":[{"role":"robot","content":"x"}]}""", 400, "messages[0].role")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"reasoning_effort":"extreme"}""", 400, "reasoning_effort")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"enum":[]}}}}""", 400, "response_format")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{}}]}""", 400, "tools[0].function.name")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:"}}]}]}""", 400, null)]
    [InlineData("""[1]""", 400, null)]
    [InlineData("""{"messages":""", 400, null)]
    public async Task Wrong_requests_get_an_error_that_names_the_field(string request, int status, string? field)
    {
        await using TestServer server = await StartAsync(Scripts.Client);
        JsonNode error = (await server.PostAsync("/v1/chat/completions", request, status))["error"]!;
        Assert.Equal("invalid_request_error", (string)error["type"]!);
        Assert.Equal(field, (string?)error["param"]);
        Assert.True(((string)error["message"]!).Length > 20);
    }

    [Fact]
    public async Task A_prompt_that_is_too_long_says_the_words_that_clients_look_for()
    {
        await using TestServer server = await StartAsync(Scripts.Client, maxPositions: 200);
        string text = Quote(string.Join(' ', Enumerable.Repeat("word", 500)));
        JsonNode error = (await server.PostAsync("/v1/chat/completions", $$"""{"messages":[{"role":"user","content":{{text}}}]}""", 400))["error"]!;
        Assert.Equal("context_length_exceeded", (string)error["code"]!);
        Assert.Contains("maximum context length is 200 tokens", (string)error["message"]!, StringComparison.Ordinal);
        JsonNode other = (await server.PostAsync("/v1/messages", $$"""{"messages":[{"role":"user","content":{{text}}}],"max_tokens":9}""", 400))["error"]!;
        Assert.Matches("^prompt is too long: [0-9]+ tokens > 200 maximum$", (string)other["message"]!);
    }

    [Fact]
    public async Task Reasoning_that_eats_the_limit_is_bounded_by_a_budget()
    {
        await using TestServer server = await StartAsync(prompt => string.Join(' ', Enumerable.Range(1, 300)));
        JsonObject body = await server.PostAsync("/v1/chat/completions", """{"messages":[{"role":"user","content":"hi"}],"thinking":{"type":"enabled"},"max_tokens":60,"reasoning_budget":20}""");
        Assert.InRange((int)body["usage"]!["completion_tokens_details"]!["reasoning_tokens"]!, 20, 21);
        Assert.NotEqual(string.Empty, (string)body["choices"]![0]!["message"]!["content"]!);
    }
}
