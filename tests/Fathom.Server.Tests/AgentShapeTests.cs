using System.Text.Json.Nodes;
using static Fathom.Server.Tests.TestServer;

namespace Fathom.Server.Tests;

/// <summary>Requests in the shapes that coding agents send.</summary>
public sealed class AgentShapeTests
{
    private const string CodexTools = """
        [{"type":"function","name":"shell","description":"Runs a command.","strict":false,"parameters":{"type":"object","properties":{"command":{"type":"array","items":{"type":"string"}}}}},
         {"type":"custom","name":"apply_patch","description":"Edits files.","format":{"type":"grammar","syntax":"lark","definition":"start: /.+/"}},
         {"type":"namespace","name":"mcp__docs","tools":[{"type":"function","name":"search","description":"Searches.","parameters":{"type":"object","properties":{"q":{"type":"string"}}}}]},
         {"type":"web_search"},{"type":"image_generation"},{"type":"local_shell"}]
        """;

    [Fact]
    public async Task Claude_code_probes_titles_and_turns()
    {
        await using TestServer server = await StartAsync(Scripts.Client, new ServerOptions());
        using HttpResponseMessage probe = await server.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/"));
        Assert.Equal(200, (int)probe.StatusCode);
        JsonObject quota = await server.PostAsync("/v1/messages?beta=true", """{"model":"claude-haiku-4-5","max_tokens":1,"messages":[{"role":"user","content":"quota"}],"metadata":{"user_id":"x"}}""");
        Assert.Equal("max_tokens", (string)quota["stop_reason"]!);

        string Turn(int cch, string more) => $$"""
            {"model":"claude-opus-5","max_tokens":32000,"stream":true,"thinking":{"type":"adaptive"},"output_config":{"effort":"high"},"context_management":{"edits":[{"type":"clear_thinking"}]},
             "system":[{"type":"text","text":"x-anthropic-billing-header: cc_version=2.1.9; cc_entrypoint=cli; cch={{cch}};"},{"type":"text","text":"You are an agent.","cache_control":{"type":"ephemeral"} },{"type":"text","text":"{{string.Join(' ', Enumerable.Repeat("Long rules.", 100))}}"}],
             "tools":[{"name":"Bash","description":"Runs","input_schema":{"type":"object"},"cache_control":{"type":"ephemeral"},"eager_input_streaming":true},{"type":"web_search_20250305","name":"web_search"},{"name":"get_weather","input_schema":{"type":"object","properties":{"city":{"type":"string"} } } }],
             "messages":[{"role":"user","content":[{"type":"text","text":"weather?","cache_control":{"type":"ephemeral"} }]}{{more}}]}
            """;
        List<(string? Name, string Data)> events = await server.CollectAsync("/v1/messages?beta=true", Turn(1, string.Empty));
        Assert.All(events, one => Assert.Equal(one.Name, (string)JsonNode.Parse(one.Data)!["type"]!));
        CheckBlocks(events);
        JsonNode first = JsonNode.Parse(events.Last(one => one.Name == "message_delta").Data)!;
        Assert.Equal("tool_use", (string)first["delta"]!["stop_reason"]!);
        string id = (string)JsonNode.Parse(events.First(one => one.Data.Contains("tool_use\",\"id", StringComparison.Ordinal)).Data)!["content_block"]!["id"]!;

        // The thinking is lost, the result is an error with an image, a late system text follows.
        string more = $$""",{"role":"assistant","content":[{"type":"tool_use","id":"{{id}}","name":"get_weather","input":{"city":"Paris"} }]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"{{id}}","is_error":true,"content":[{"type":"text","text":"no sun"},{"type":"image","source":{} }]}]},{"role":"system","content":"Remember the rules."}""";
        events = await server.CollectAsync("/v1/messages?beta=true", Turn(2, more));
        JsonNode usage = JsonNode.Parse(events.Last(one => one.Name == "message_delta").Data)!["usage"]!;
        Assert.True((int)usage["input_tokens"]! < 80, usage.ToJsonString());
        Assert.True((int)usage["cache_read_input_tokens"]! > 500, usage.ToJsonString());
        Assert.Contains("Error: no sun", string.Concat(events.Where(one => one.Data.Contains("text_delta", StringComparison.Ordinal)).Select(one => (string)JsonNode.Parse(one.Data)!["delta"]!["text"]!)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Codex_turns_with_all_its_tools()
    {
        await using TestServer server = await StartAsync(prompt =>
        {
            string last = prompt[(prompt.LastIndexOf("<｜User｜>", StringComparison.Ordinal) + 8)..];
            if (last.Contains("<tool_result>", StringComparison.Ordinal)) return "Good.</think>All done.";
            return "I patch.</think>" + Scripts.Call(("apply_patch", [("input", "*** Begin Patch\n+ \"x\"\n*** End Patch", true)]), ("mcp__docs__search", [("q", "how", true)]), ("local_shell", [("input", "ls -l", true)]));
        }, new ServerOptions());
        string Turn(string input) => $$"""
            {"model":"deepseek-v4-flash","instructions":"You are a coding agent.","input":{{input}},"tools":{{CodexTools}},"tool_choice":"auto","parallel_tool_calls":true,"reasoning":{"effort":"medium"},
             "store":false,"stream":true,"include":["reasoning.encrypted_content"],"prompt_cache_key":"k","client_metadata":{"a":"b"} }
            """;
        const string Ask = """{"type":"message","role":"user","content":[{"type":"input_text","text":"patch it"}]}""";
        List<(string? Name, string Data)> events = await server.CollectAsync("/v1/responses", Turn($"[{Ask}]"));
        CheckSequence(events);
        JsonArray items = JsonNode.Parse(events[^1].Data)!["response"]!["output"]!.AsArray();
        Assert.Equal(["reasoning", "custom_tool_call", "function_call", "local_shell_call"], items.Select(item => (string)item!["type"]!));
        Assert.Equal("*** Begin Patch\n+ \"x\"\n*** End Patch", (string)items[1]!["input"]!);
        Assert.Equal(("search", "mcp__docs"), ((string)items[2]!["name"]!, (string)items[2]!["namespace"]!));
        Assert.Equal("ls -l", (string)items[3]!["action"]!["command"]![2]!);
        Assert.Contains(events, one => one.Name == "response.custom_tool_call_input.done");
        Assert.Contains(events, one => one.Name == "response.function_call_arguments.done");

        // Its own items come back, the reasoning sealed, the outputs as lists.
        foreach (JsonNode? item in items) item!.AsObject().Remove("id");
        items[0]!["content"] = new JsonArray();
        string Output(int i, string type) => $$"""{"type":"{{type}}","call_id":"{{(string)items[i]!["call_id"]!}}","output":[{"type":"input_text","text":"ok {{i}}"}]}""";
        string more = $"[{Ask},{string.Join(',', items.Select(item => item!.ToJsonString()))},{Output(1, "custom_tool_call_output")},{Output(2, "function_call_output")},{Output(3, "local_shell_call_output")}]";
        events = await server.CollectAsync("/v1/responses", Turn(more));
        JsonNode response = JsonNode.Parse(events[^1].Data)!["response"]!;
        Assert.Equal("All done.", (string)response["output"]![1]!["content"]![0]!["text"]!);
        int cached = (int)response["usage"]!["input_tokens_details"]!["cached_tokens"]!, input = (int)response["usage"]!["input_tokens"]!;
        Assert.True(input - cached < 100, $"{cached} of {input}");

        // A probe without input.
        JsonObject probe = await server.PostAsync("/v1/responses", """{"model":"deepseek-v4-flash","input":[],"max_output_tokens":1}""");
        Assert.Equal("incomplete", (string)probe["status"]!);
        JsonObject refused = await server.PostAsync("/v1/responses", """{"input":"x","previous_response_id":"resp_1"}""", 400);
        Assert.Equal("unsupported_parameter", (string)refused["error"]!["code"]!);
    }

    [Fact]
    public async Task Lines_that_change_with_every_request_do_not_cost_the_cache()
    {
        await using TestServer server = await StartAsync(Scripts.Client);
        string rules = string.Join(' ', Enumerable.Repeat("Many rules.", 200));
        foreach (string kind in (string[])["Session ID: {0}", "Current time: 2026-11-25 16:{0}:07", "x-request-id: {0}"])
        {
            JsonObject? usage = null;
            for (int i = 10; i < 13; i++)
            {
                string line = kind.Replace("{0}", i.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
                usage = (await server.PostAsync("/v1/chat/completions", $$"""{"messages":[{"role":"system","content":{{Quote($"{line}\n{kind[..5]} {rules}")}}},{"role":"user","content":"hi"}]}"""))["usage"]!.AsObject();
            }

            Assert.True((int)usage!["prompt_cache_miss_tokens"]! < 80, $"{kind}: {usage.ToJsonString()}");
        }
    }

    private static void CheckBlocks(List<(string? Name, string Data)> events)
    {
        int open = -1, next = 0;
        foreach ((string? name, string data) in events)
        {
            JsonNode node = JsonNode.Parse(data)!;
            switch (name)
            {
                case "content_block_start":
                    Assert.Equal(-1, open);
                    Assert.Equal(next++, open = (int)node["index"]!);
                    break;
                case "content_block_delta":
                    Assert.Equal(open, (int)node["index"]!);
                    break;
                case "content_block_stop":
                    Assert.Equal(open, (int)node["index"]!);
                    open = -1;
                    break;
            }
        }

        Assert.Equal("message_stop", events[^1].Name);
    }

    private static void CheckSequence(List<(string? Name, string Data)> events)
    {
        var ids = new Dictionary<int, string>();
        for (int i = 0; i < events.Count; i++)
        {
            JsonNode node = JsonNode.Parse(events[i].Data)!;
            Assert.Equal(i, (int)node["sequence_number"]!);
            Assert.Equal(events[i].Name, (string)node["type"]!);
            if (events[i].Name == "response.output_item.added") ids[(int)node["output_index"]!] = (string)node["item"]!["id"]!;
            if (node["item_id"] is { } id) Assert.Equal(ids[(int)node["output_index"]!], (string)id!);
        }

        Assert.Equal("response.completed", events[^1].Name);
        JsonArray output = JsonNode.Parse(events[^1].Data)!["response"]!["output"]!.AsArray();
        Assert.Equal(ids.OrderBy(pair => pair.Key).Select(pair => pair.Value), output.Select(item => (string)item!["id"]!));
    }
}
