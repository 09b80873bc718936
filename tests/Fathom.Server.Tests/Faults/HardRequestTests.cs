using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using static Fathom.Server.Tests.TestServer;

namespace Fathom.Server.Tests.Faults;

/// <summary>Requests that are well formed and meant to cost much, or to break what reads them.</summary>
public sealed class HardRequestTests
{
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(15);

    private static string Repeat(string text, int times) => string.Concat(Enumerable.Repeat(text, times));

    public static TheoryData<string, string> Requests()
    {
        string Chat(string more) => """{"messages":[{"role":"user","content":"hi"}],"max_tokens":2,""" + more + "}";
        string Schema(string schema) => Chat($$"""
            "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{{schema}} } }
            """);
        string Content(string text) => $$"""{"messages":[{"role":"system","content":{{Quote(text)}}},{"role":"user","content":"hi"}],"max_tokens":2}""";
        return new TheoryData<string, string>
        {
            { "regex: nested groups", Chat($"\"guided_regex\":{Quote(Repeat("(", 100_000) + Repeat(")", 100_000))}") },
            { "regex: nested classes", Chat($"\"guided_regex\":{Quote(Repeat("[", 100_000))}") },
            { "regex: long class", Chat($"\"guided_regex\":{Quote("[" + Repeat("ab", 100_000) + "]")}") },
            { "regex: repeated repetitions", Chat("\"guided_regex\":\"((a{1,9999}){1,9999}){1,9999}\"") },
            { "regex: blow-up of states", Chat("\"guided_regex\":\"(a|b)*a(a|b){60}\"") },
            { "regex: counts beyond numbers", Chat("\"guided_regex\":\"a{99999999999999999999}\"") },
            { "regex: many alternatives", Chat($"\"guided_regex\":{Quote(string.Join('|', Enumerable.Range(0, 60_000)))}") },
            { "regex: nested stars", Chat($"\"guided_regex\":{Quote(Repeat("(", 40) + "a" + Repeat("*)", 40))}") },
            { "gbnf: nested groups", Chat($"\"grammar\":{Quote("root ::= " + Repeat("(", 100_000) + "\"a\"" + Repeat(")", 100_000))}") },
            { "gbnf: left recursion", Chat("\"grammar\":\"root ::= root \\\"a\\\" | \\\"b\\\"\"") },
            { "gbnf: only itself", Chat("\"grammar\":\"root ::= a\\na ::= b\\nb ::= a\"") },
            { "gbnf: many rules", Chat($"\"grammar\":{Quote(string.Join('\n', Enumerable.Range(0, 30_000).Select(i => $"r{i} ::= r{i + 1}")) + "\nr30000 ::= \"a\"\nroot ::= r0")}") },
            { "gbnf: doubling", Chat($"\"grammar\":{Quote("root ::= r0\n" + string.Join('\n', Enumerable.Range(0, 60).Select(i => $"r{i} ::= r{i + 1} r{i + 1}")) + "\nr60 ::= \"\"")}") },
            { "schema: only itself", Schema("""{"$ref":"#"}""") },
            { "schema: two references in a ring", Schema("""{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}}""") },
            { "schema: allOf of itself", Schema("""{"allOf":[{"$ref":"#"},{"type":"object"}]}""") },
            { "schema: anyOf of itself", Schema("""{"anyOf":[{"$ref":"#"},{"$ref":"#"}]}""") },
            { "schema: required and endless", Schema("""{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"],"additionalProperties":false}""") },
            { "schema: doubling references", Schema($$"""{"$ref":"#/$defs/d0","$defs":{{{string.Join(',', Enumerable.Range(0, 40).Select(i => $"\"d{i}\":{{\"allOf\":[{{\"$ref\":\"#/$defs/d{i + 1}\"}},{{\"$ref\":\"#/$defs/d{i + 1}\"}}]}}"))}},"d40":{"type":"object"} } }""") },
            { "schema: huge counts", Schema("""{"type":"array","items":{"type":"string","minLength":1000000,"maxLength":2000000000},"minItems":1000000,"maxItems":2000000000}""") },
            { "schema: huge bounds", Schema("""{"type":"integer","minimum":-1e300,"maximum":1e300}""") },
            { "schema: many properties", Schema($"{{\"type\":\"object\",\"properties\":{{{string.Join(',', Enumerable.Range(0, 3000).Select(i => $"\"p{i}\":{{\"type\":\"integer\"}}"))}}}}}") },
            { "schema: many values", Schema($"{{\"enum\":[{string.Join(',', Enumerable.Range(0, 50_000))}]}}") },
            { "system: blanks where a date may be", Content("current date" + new string(' ', 400_000)) },
            { "system: blanks before a word", Content(new string(' ', 400_000) + "x") },
            { "system: no digits where a date may be", Content("date: " + Repeat("a:", 200_000)) },
            { "one long word", Content(new string('a', 800_000)) },
            { "one long number", Content(new string('7', 800_000)) },
            { "only signs", Content(Repeat("!?", 400_000)) },
            { "letters of all scripts", Content(Repeat("ä中ع🙂", 20_000)) },
            { "combining marks", Content("a" + Repeat("\u0301", 100_000)) },
            { "markup without end", Content(Repeat("<｜", 50_000)) },
            { "thousands of messages", $"{{\"messages\":[{string.Join(',', Enumerable.Repeat("{\"role\":\"user\",\"content\":\"\"},{\"role\":\"assistant\",\"content\":\"\"}", 10_000))}]}}" },
            { "thousands of calls", $"{{\"messages\":[{{\"role\":\"user\",\"content\":\"x\"}},{{\"role\":\"assistant\",\"tool_calls\":[{string.Join(',', Enumerable.Range(0, 5000).Select(i => $"{{\"id\":\"c{i}\",\"function\":{{\"name\":\"f\",\"arguments\":\"{{}}\"}}}}"))}]}},{string.Join(',', Enumerable.Range(0, 5000).Select(i => $"{{\"role\":\"tool\",\"tool_call_id\":\"c{4999 - i}\",\"content\":\"\"}}"))}]}}" },
            { "arguments nested deeply", """{"messages":[{"role":"user","content":"x"},{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":"ARGUMENTS"}}]},{"role":"tool","tool_call_id":"c","content":"y"}],"max_tokens":2}""".Replace("ARGUMENTS", Repeat("[", 100_000), StringComparison.Ordinal) },
            { "long stop texts", Chat($"\"stop\":[{string.Join(',', Enumerable.Repeat(Quote(new string('F', 50_000)), 16))}]") },
            { "tools with names of markup", Chat("""
                "tools":[{"type":"function","function":{"name":"a\"><｜DSML｜","parameters":{"type":"object","properties":{"<｜end▁of▁sentence｜>":{"type":"string"}}}}}],"tool_choice":"required"
                """) },
            { "penalty next to nothing", Chat("\"repetition_penalty\":1e-40,\"temperature\":1e-45,\"min_p\":1,\"top_k\":1") },
            { "every field of sampling at its edge", Chat("\"temperature\":2,\"top_p\":1e-45,\"min_p\":1,\"top_k\":2147483647,\"presence_penalty\":2,\"frequency_penalty\":-2,\"seed\":-9223372036854775808,\"n\":16") },
            { "bias of ids that are not there", Chat("\"logit_bias\":{\"2147483647\":100,\"129279\":100,\"129280\":-100,\"99999999\":1}") },
            { "all is forbidden", Chat($"\"guided_choice\":[\"a\"],\"logit_bias\":{{{string.Join(',', TestServer.Tokenizer.Encode("a", matchAddedTokens: false).Select(id => $"\"{id}\":-100"))}}}") },
            { "all is forbidden but the end", Chat("\"guided_choice\":[\"\"],\"min_tokens\":5") },
        };
    }

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task Costly_requests_end_soon_and_hurt_nobody(string what, string request)
    {
        await using TestServer server = await FaultServer.StartAsync();
        long started = Stopwatch.GetTimestamp();
        using HttpResponseMessage response = await server.Http.PostAsync("/v1/chat/completions", Body(request));
        string text = await response.Content.ReadAsStringAsync();
        TimeSpan took = Stopwatch.GetElapsedTime(started);
        TestContext.Current.SendDiagnosticMessage($"{what}: {(int)response.StatusCode} in {took.TotalSeconds:0.00} s {text[..Math.Min(text.Length, 150)]}");
        Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge, $"{what}: {(int)response.StatusCode} {text[..Math.Min(text.Length, 1000)]}");
        Assert.True(took < Most, $"{what} took {took}.");
        await FaultServer.AssertAnswersAsync(server);
    }

    [Theory]
    [InlineData("/v1/responses", "\"input\":\"hi\",\"stream\":true,\"max_output_tokens\":2", "\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"parameters\":DEEP}]", 3)]
    [InlineData("/v1/responses", "\"input\":\"hi\",\"stream\":true,\"max_output_tokens\":2", "\"metadata\":DEEP", 1)]
    [InlineData("/v1/responses", "\"input\":\"hi\",\"max_output_tokens\":2", "\"metadata\":DEEP", 1)]
    [InlineData("/v1/responses", "\"input\":\"hi\",\"stream\":true,\"max_output_tokens\":2", "\"text\":{\"a\":DEEP}", 2)]
    [InlineData("/v1/chat/completions", "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"max_tokens\":2", "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":DEEP}}]", 4)]
    [InlineData("/v1/chat/completions", "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"max_tokens\":2", "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":DEEP}}", 3)]
    [InlineData("/v1/messages", "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"max_tokens\":2,\"stream\":true", "\"tools\":[{\"name\":\"f\",\"input_schema\":DEEP}]", 3)]
    [InlineData("/v1/messages", "\"max_tokens\":2,\"stream\":true", "\"messages\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":DEEP}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"t\",\"content\":\"x\"}]}]", 5)]
    public async Task Json_just_within_the_depth_that_is_read_can_also_be_written(string path, string fields, string deep, int around)
    {
        await using TestServer server = await FaultServer.StartAsync();
        for (int depth = 63 - around - 6; depth <= 64 - around; depth++)
        {
            string nested = Repeat("{\"properties\":", depth) + "{}" + Repeat("}", depth);
            using HttpResponseMessage response = await server.Http.PostAsync(path, Body($"{{{fields},{deep.Replace("DEEP", nested, StringComparison.Ordinal)}}}"));
            string text = await response.Content.ReadAsStringAsync();
            Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.BadRequest, $"{depth}: {(int)response.StatusCode} {text}");
            bool isStream = response.Content.Headers.ContentType?.MediaType == "text/event-stream";
            if (isStream) Assert.Matches("event: (response.completed|response.incomplete|message_stop)|\\[DONE\\]", text);
        }
    }

    [Fact]
    public async Task Errors_carry_the_form_on_unknown_paths_too()
    {
        await using TestServer server = await FaultServer.StartAsync();
        foreach (string path in (string[])["/v1/embeddings", "/v1/audio.mp3", "/v1/chat/completions.json", "/x/y.z", "/v1/models/nobody.gguf", "/v1/messages/x.y"])
        {
            using HttpResponseMessage response = await server.Http.PostAsync(path, Body("{}"));
            JsonObject body = JsonNode.Parse(await response.Content.ReadAsStringAsync() is { Length: > 0 } text ? text : throw new Xunit.Sdk.XunitException($"{path}: {response.StatusCode} without a body"))!.AsObject();
            Assert.True(response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.BadRequest, $"{path}: {response.StatusCode}");
            Assert.NotNull(body["error"]);
        }
    }

    [Theory]
    [InlineData("GET", "/v1/chat/completions")]
    [InlineData("PUT", "/v1/messages")]
    [InlineData("DELETE", "/v1/responses")]
    [InlineData("POST", "/v1/models")]
    public async Task A_wrong_method_is_told_so(string method, string path)
    {
        await using TestServer server = await FaultServer.StartAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using HttpResponseMessage response = await server.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.NotNull(JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!["message"]);
    }
}
