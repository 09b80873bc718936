using System.Text.Json;
using Fathom.Text.Grammars;
using static Fathom.Text.Tests.GrammarTesting;

namespace Fathom.Text.Tests;

public sealed class ToolCallGrammarTests
{
    private const string D = Markup.Dsml;

    private static readonly ChatTool Weather = Tool("""
        {"name":"get_weather","parameters":{"type":"object","properties":{
          "city":{"type":"string"},
          "unit":{"enum":["C","F",1,null]},
          "days":{"type":"integer","minimum":1,"maximum":14},
          "tags":{"type":"array","items":{"type":"string"},"maxItems":2},
          "note":{"type":["string","null"],"maxLength":20}},
          "required":["city"],"additionalProperties":false}}
        """);

    private static readonly ChatTool Clock = Tool("""{"name":"clock"}""");

    private static readonly ChatTool Free = Tool("""{"name":"free","parameters":{"type":"object","properties":{"id":{"type":"string","format":"uuid"}},"additionalProperties":true}}""");

    private static ChatTool Tool(string json) => new(Json(json));

    private static string Block(params string[] calls) => $"\n\n<{D}tool_calls>\n{string.Concat(calls)}</{D}tool_calls>";

    private static string Call(string name, params string[] parameters) => $"<{D}invoke name=\"{name}\">\n{string.Join('\n', parameters)}\n</{D}invoke>\n";

    private static string Text(string name, string value) => $"<{D}parameter name=\"{name}\" string=\"true\">{value}</{D}parameter>";

    private static string Value(string name, string value) => $"<{D}parameter name=\"{name}\" string=\"false\">{value}</{D}parameter>";

    [Fact]
    public void A_block_is_written_as_the_encoder_writes_it()
    {
        OutputGrammar grammar = OutputGrammar.FromToolCalls(ChatFormat.Release, [Weather, Clock], isStrict: true, allowsSeveral: true);
        Accepts(
            grammar,
            Block(Call("clock")),
            Block(Call("clock"), Call("clock")),
            Block(Call("get_weather", Text("city", "Köln </｜DSML| <b>\n\"x\""))),
            Block(Call("get_weather", Text("city", ""), Text("unit", "C"), Value("days", "14"), Value("tags", "[\"a\", \"\\uff5c\"]"), Value("note", "null"))),
            Block(Call("get_weather", Text("city", "a"), Value("unit", "1"), Text("note", "n"))));
        Refuses(
            grammar,
            Block(),
            Block(Call("other")),
            Block(Call("get_weather")),
            Block(Call("clock", Text("city", "a"))),
            Block(Call("get_weather", Value("city", "\"a\""))),
            Block(Call("get_weather", Text("city", "a"), Text("unit", "K"))),
            Block(Call("get_weather", Text("city", "a"), Value("unit", "\"C\""))),
            Block(Call("get_weather", Text("city", "a"), Value("days", "15"))),
            Block(Call("get_weather", Value("days", "1"), Text("city", "a"))),
            Block(Call("get_weather", Text("city", "a"), Value("tags", "[\"</｜DSML｜parameter>\"]"))),
            Block(Call("get_weather", Text("city", $"a{Markup.Eos}"))),
            Block(Call("get_weather", Text("city", $"a</{D}x"))),
            Block(Call("get_weather", Text("city", "a"), Text("note", new string('n', 21)))),
            Block(Call("get_weather", Text("city", "a"), Value("more", "1"))));
    }

    [Fact]
    public void One_call_is_one_call()
    {
        OutputGrammar grammar = OutputGrammar.FromToolCalls(ChatFormat.Preview, [Clock], isStrict: true, allowsSeveral: false);
        Accepts(grammar, Block(Call("clock")));
        Refuses(grammar, Block(Call("clock"), Call("clock")));
    }

    [Fact]
    public void The_encoders_text_fits_in_every_format()
    {
        foreach (ChatFormat format in Enum.GetValues<ChatFormat>())
        {
            var message = new ChatMessage { Role = "assistant", ToolCalls = [new ChatToolCall("1", "get_weather", """{"city": "Köln", "days": 3, "tags": ["a"]}"""), new ChatToolCall("2", "clock", "{}")] };
            string prompt = string.Concat(new ChatEncoder(format).Encode([new ChatMessage { Role = "user", Content = "?" }, message], new ChatEncodingOptions { ThinkingMode = ThinkingMode.Chat }).Spans.Select(span => span.Text));
            int start = prompt.IndexOf("\n\n<" + D, StringComparison.Ordinal), end = prompt.IndexOf(Markup.Eos, start, StringComparison.Ordinal);
            Accepts(OutputGrammar.FromToolCalls(format, [Weather, Clock], isStrict: true, allowsSeveral: true), prompt[start..end]);
        }
    }

    [Theory]
    [InlineData(ChatFormat.Release)]
    [InlineData(ChatFormat.Preview)]
    [InlineData(ChatFormat.V41)]
    public void Sampled_calls_are_parsed_and_satisfy_their_schemas(ChatFormat format)
    {
        ChatTool[] tools = [Weather, Clock, Free];
        OutputGrammar grammar = OutputGrammar.FromToolCalls(format, tools, isStrict: true, allowsSeveral: true);
        var random = new Random(4);
        for (int i = 0; i < 150; i++) CheckCalls(Sample(grammar, random, longBytes: 600), tools);
    }

    [Fact]
    public void Random_schemas_make_calls_that_are_parsed()
    {
        int checkedTools = 0;
        for (int seed = 0; checkedTools < 200; seed++)
        {
            var random = new Random(seed);
            string schema = new RandomSchema(random).Next().ToJsonString();
            if (!schema.StartsWith("{\"type\":\"object\"", StringComparison.Ordinal)) continue;
            ChatTool tool = Tool($$"""{"name":"tool_{{seed}}","parameters":{{schema}}}""");
            OutputGrammar grammar;
            try
            {
                grammar = OutputGrammar.FromToolCalls(ChatFormat.Release, [tool], isStrict: true, allowsSeveral: false);
            }
            catch (GrammarException)
            {
                continue;
            }

            CheckCalls(Sample(grammar, random, longBytes: 200), [tool]);
            checkedTools++;
        }
    }

    [Theory]
    [InlineData("""{"name":""}""", "tools[0]")]
    [InlineData("""{"name":"a\"b"}""", "tools[0]")]
    [InlineData("""{"name":"a","parameters":{"properties":{"x":{"multipleOf":2}}}}""", "a: $.properties.x.multipleOf")]
    [InlineData("""{"name":"a","parameters":{"properties":{"x\"":{}},"required":["x\""]}}""", "cannot stand in a tag")]
    [InlineData("""{"name":"a","parameters":{"type":"array"}}""", "a: $")]
    [InlineData("""{"name":"a","parameters":false}""", "a: $ is false")]
    public void Tools_that_cannot_be_called_are_refused(string tool, string reason) =>
        Assert.Contains(reason, Refusal(() => OutputGrammar.FromToolCalls(ChatFormat.Release, [Clock, Tool(tool)], isStrict: true, allowsSeveral: true)).Replace("tools[1]", "tools[0]", StringComparison.Ordinal), StringComparison.Ordinal);

    [Fact]
    public void Without_tools_there_is_no_grammar() =>
        Assert.Contains("empty", Refusal(() => OutputGrammar.FromToolCalls(ChatFormat.Release, [], true, true)), StringComparison.Ordinal);

    private static void CheckCalls(string completion, ChatTool[] tools)
    {
        CompletionParser parser = CompletionParser.ParseWhole(completion, ThinkingMode.Chat, tools);
        ChatMessage message = parser.ToMessage();
        Assert.Equal(string.Empty, message.Content);
        Assert.NotEmpty(message.ToolCalls);
        Assert.Equal(completion.Split("invoke name=").Length - 1, message.ToolCalls.Count);
        foreach (ChatToolCall call in message.ToolCalls)
        {
            ChatTool tool = Assert.Single(tools, tool => tool.Name == call.Name);
            JsonElement schema = tool.Function.TryGetProperty("parameters", out JsonElement given) ? given : Json("""{"type":"object","additionalProperties":false}""");
            Assert.True(new SmallSchemaValidator(schema).Allows(Json(call.Arguments)), $"{schema} lets out {call.Arguments} in {completion}");
        }
    }
}
