using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fathom.Inference;
using Fathom.Text;

namespace Fathom.Server.Tests;

/// <summary>
/// A coding agent at work for 200 turns: many tools, thinking that some turns lose, results with errors, edits, rewinds, regenerated answers, malformed calls, and a line at the head
/// of the instructions that changes with every request. After the first request the beginning always comes from the cache.
/// </summary>
public sealed class AgentSessionTests(ITestOutputHelper output)
{
    private const int Turns = 200, CallsPerTurn = 5;

    private readonly Random random = new(7);
    private readonly List<JsonObject> history = [];
    private readonly List<(string What, int Prompt, int Recomputed, int Allowed)> requests = [];
    private int calls, parsed, request;

    [Fact]
    public async Task Two_hundred_turns_never_read_everything_again()
    {
        var model = new FathomModel(TestServer.Scripted(Answer, 1_000_000, tail: 160), TestServer.Tokenizer, ChatFormat.Release, new EngineOptions { CacheBytes = long.MaxValue });
        await using TestServer server = await TestServer.StartAsync(model, new ServerOptions());
        for (int turn = 0; turn < Turns; turn++) await TurnAsync(server, turn);

        Assert.Equal(Turns * CallsPerTurn, calls);
        Assert.Equal(calls, parsed);
        Assert.All(requests.Skip(1), one => Assert.True(one.Recomputed <= one.Allowed, $"{one} of {requests.Count}"));
        foreach (var kind in requests.Skip(1).GroupBy(one => one.What))
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{kind.Key}: {kind.Count()} requests, prompts of {kind.Average(one => one.Prompt):n0} tokens, recomputed {kind.Average(one => one.Recomputed):n0} on average and {kind.Max(one => one.Recomputed)} at most"));
        output.WriteLine($"{parsed} of {calls} calls parsed; first request {requests[0].Prompt} tokens, last {requests[^1].Prompt}");
    }

    private async Task TurnAsync(TestServer server, int turn)
    {
        int before = history.Count;
        history.Add(User($"Task {turn}: look into file{turn}.cs."));
        JsonObject called = await AskAsync(server, "call", 120);
        if (turn % 20 == 7) called = await RegenerateAsync(server, called);
        if (turn % 25 == 11)
        {
            // The user thinks again and writes the last question anew.
            history.RemoveRange(before, history.Count - before);
            history.Add(User($"Task {turn}, rather: look into other{turn}.cs."));
            called = await AskAsync(server, "edit", 700);
        }

        JsonArray content = called["content"]!.AsArray();
        JsonNode[] uses = [.. content.Where(block => (string)block!["type"]! == "tool_use").Select(block => block!)];
        calls += CallsPerTurn;
        parsed += uses.Count(use => use["input"] is JsonObject input && (string?)input["path"] == $"src/{(string)use["input"]!["name"]!}.cs" && input["options"]!["depth"]!.GetValue<int>() >= 0);
        history.Add(new JsonObject { ["role"] = "assistant", ["content"] = Respelled(content, turn) });
        history.Add(new JsonObject { ["role"] = "user", ["content"] = new JsonArray([.. uses.Select((use, i) => (JsonNode)Result((string)use["id"]!, turn, i))]) });
        JsonObject final = await AskAsync(server, "result", 60 + (CallsPerTurn * 60));
        history.Add(new JsonObject { ["role"] = "assistant", ["content"] = Respelled(final["content"]!.AsArray(), turn) });
        if (turn % 40 == 33 && turn > 10) await RewindAsync(server);
    }

    // The same request again, as after a malformed call or a click on "regenerate".
    private Task<JsonObject> RegenerateAsync(TestServer server, JsonObject called)
    {
        _ = called;
        return AskAsync(server, "regenerate", 60);
    }

    // Back to an earlier turn for a question, and then on from where the session was.
    private async Task RewindAsync(TestServer server)
    {
        List<JsonObject> all = [.. history];
        int back = history.FindLastIndex(history.Count - 12, message => (string)message["role"]! == "user" && message["content"] is JsonValue);
        history.RemoveRange(back, history.Count - back);
        history.Add(User("Wait: what was that about?"));
        await AskAsync(server, "rewind", 700);
        history.Clear();
        history.AddRange(all);
    }

    private async Task<JsonObject> AskAsync(TestServer server, string what, int allowed)
    {
        var body = new JsonObject
        {
            ["model"] = "claude-opus-5",
            ["max_tokens"] = 32_000,
            ["thinking"] = new JsonObject { ["type"] = "adaptive" },
            ["system"] = new JsonArray(
                new JsonObject { ["type"] = "text", ["text"] = $"x-anthropic-billing-header: cc_version=2.1.{request++}; cc_entrypoint=cli; cch={random.Next():x};" },
                new JsonObject { ["type"] = "text", ["text"] = string.Join('\n', Enumerable.Range(0, 60).Select(i => $"Rule {i}: be careful with file {i * 7}.")), ["cache_control"] = new JsonObject { ["type"] = "ephemeral" } }),
            ["tools"] = new JsonArray([.. Enumerable.Range(0, 20).Select(i => (JsonNode)Tool(i))]),
            ["messages"] = new JsonArray([.. history.Select(message => message.DeepClone())]),
            ["metadata"] = new JsonObject { ["user_id"] = "u" },
            ["context_management"] = new JsonObject { ["edits"] = new JsonArray() },
        };
        JsonObject answer = await server.PostAsync("/v1/messages?beta=true", body.ToJsonString());
        JsonNode usage = answer["usage"]!;
        int read = (int)usage["cache_read_input_tokens"]!, rest = (int)usage["input_tokens"]!;
        requests.Add((what, read + rest, rest, allowed));
        return answer;
    }

    // Clients send arguments with other spacing, another order of keys, and some without the thinking.
    private JsonArray Respelled(JsonArray content, int turn)
    {
        var blocks = new JsonArray();
        foreach (JsonNode? block in content)
        {
            if ((string)block!["type"]! == "thinking" && turn % 3 == 0) continue;
            JsonNode copy = block.DeepClone();
            if (copy["input"] is JsonObject input) copy["input"] = new JsonObject(input.Reverse().Select(pair => KeyValuePair.Create(pair.Key, pair.Value?.DeepClone())));
            blocks.Add(copy);
        }

        return blocks;
    }

    private static JsonObject Result(string id, int turn, int i) => new()
    {
        ["type"] = "tool_result",
        ["tool_use_id"] = id,
        ["is_error"] = (turn + i) % 9 == 0,
        ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = $"{turn}.{i}: if (a < b && c > \"d\") return;" }),
    };

    private static JsonObject User(string text) => new() { ["role"] = "user", ["content"] = text };

    private static JsonObject Tool(int i) => new()
    {
        ["name"] = $"tool_{i}",
        ["description"] = $"Does thing {i}.",
        ["input_schema"] = JsonSerializer.SerializeToNode(JsonDocument.Parse("""{"type":"object","properties":{"path":{"type":"string"},"name":{"type":"string"},"options":{"type":"object"}},"required":["path"]}""").RootElement),
    };

    // What the model says goes by the end of the prompt alone.
    private static string Answer(string tail)
    {
        int seed = tail.Aggregate(17, (sum, letter) => unchecked((sum * 31) + letter));
        var random = new Random(seed);
        bool hasResults = tail.Contains("<tool_result>", StringComparison.Ordinal) && tail.LastIndexOf("</tool_result>", StringComparison.Ordinal) > tail.LastIndexOf("Task", StringComparison.Ordinal);
        string thought = $"I look at it, {random.Next(1000)}.</think>";
        if (hasResults || tail.Contains("Wait:", StringComparison.Ordinal)) return thought + $"Done: {random.Next(1000)} lines, \"checked\".";

        // Now and then a call in a slightly broken spelling: no line feeds, another name for the block.
        bool isOdd = random.Next(10) == 0;
        string block = Scripts.Call([.. Enumerable.Range(0, CallsPerTurn).Select(i =>
        {
            string name = $"n{random.Next(500)}";
            return ($"tool_{random.Next(20)}", new (string, string, bool)[] { ("path", $"src/{name}.cs", true), ("name", name, true), ("options", $"{{\"depth\": {random.Next(9)}, \"why\": \"a<b & \\\"c\\\"\"}}", false) });
        })]);
        return thought + (isOdd ? "\n" + block.TrimStart('\n') : block);
    }
}
