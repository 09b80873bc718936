using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;

namespace Fathom.Text.Tests;

public sealed class CompletionParserTests
{
    public static TheoryData<string> ParseCases => GoldenText.Names("parse.json");

    public static TheoryData<string> RecoverCases => GoldenText.Names("recover.json");

    [Fact]
    public void All_cases_are_there()
    {
        Assert.Equal(74, GoldenText.Cases("parse.json").Count());
        Assert.Equal(22, GoldenText.Cases("recover.json").Count());
    }

    [Theory]
    [MemberData(nameof(ParseCases))]
    public void The_strict_parser_does_as_the_reference(string name)
    {
        JsonElement entry = GoldenText.Case("parse.json", name);
        string completion = entry.GetProperty("completion").GetString()!;
        if (entry.TryGetProperty("error", out _)) Assert.Throws<ChatFormatException>(() => ReferenceParser.Parse(completion, GoldenText.ModeOf(entry)));
        else CheckMessage(entry.GetProperty("parsed"), ReferenceParser.Parse(completion, GoldenText.ModeOf(entry)));
    }

    [Theory]
    [MemberData(nameof(ParseCases))]
    public void The_streaming_parser_agrees_wherever_the_reference_accepts(string name)
    {
        JsonElement entry = GoldenText.Case("parse.json", name);
        if (entry.TryGetProperty("error", out _)) return;
        CheckMessage(entry.GetProperty("parsed"), CompletionParser.ParseWhole(entry.GetProperty("completion").GetString()!, GoldenText.ModeOf(entry)).ToMessage());
    }

    [Theory]
    [MemberData(nameof(RecoverCases))]
    public void Broken_completions_are_recovered(string name)
    {
        JsonElement entry = GoldenText.Case("recover.json", name);
        CompletionParser parser = CompletionParser.ParseWhole(entry.GetProperty("completion").GetString()!, GoldenText.ModeOf(entry), ToolsOf(entry));
        JsonElement expected = entry.GetProperty("expect");
        ChatMessage message = parser.ToMessage();
        Assert.Equal(expected.GetProperty("content").GetString(), message.Content);
        Assert.Equal(expected.GetProperty("reasoning_content").GetString(), message.ReasoningContent);
        JsonElement[] calls = [.. expected.GetProperty("tool_calls").EnumerateArray()];
        Assert.Equal(calls.Length, message.ToolCalls.Count);
        foreach ((JsonElement call, ChatToolCall found) in calls.Zip(message.ToolCalls))
        {
            Assert.Equal(call.GetProperty("name").GetString(), found.Name);
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(call.GetProperty("arguments").GetRawText()), JsonNode.Parse(found.Arguments)), found.Arguments);
        }

        FinishReason finish = parser.FinishReasonFor(entry.GetProperty("ended_by").ValueEquals("length") ? FinishReason.Length : FinishReason.Stop);
        Assert.Equal(expected.GetProperty("finish_reason").GetString(), finish switch { FinishReason.Stop => "stop", FinishReason.Length => "length", _ => "tool_calls" });
    }

    [Fact]
    public void Cutting_a_stream_anywhere_changes_nothing()
    {
        (string Text, ThinkingMode Mode, IReadOnlyList<ChatTool> Tools)[] completions =
        [
            .. GoldenText.Cases("parse.json").Select(entry => (entry.GetProperty("completion").GetString()!, GoldenText.ModeOf(entry), (IReadOnlyList<ChatTool>)[])),
            .. GoldenText.Cases("recover.json").Select(entry => (entry.GetProperty("completion").GetString()!, GoldenText.ModeOf(entry), ToolsOf(entry))),
        ];
        Gen.Select(Gen.Int[0, completions.Length - 1], Gen.Int[1, 12].Array[1, 60]).Sample(
            (index, lengths) =>
            {
                (string text, ThinkingMode mode, IReadOnlyList<ChatTool> tools) = completions[index];
                ChatMessage whole = CompletionParser.ParseWhole(text, mode, tools).ToMessage();
                CheckStream(text, mode, tools, lengths, whole);
            },
            iter: 3_000);
    }

    [Fact]
    public void Text_is_held_back_no_longer_than_needed()
    {
        var parser = new CompletionParser(ThinkingMode.Chat);
        Assert.Equal([new ContentDelta("a ")], parser.Append("a <"));
        Assert.Equal([new ContentDelta("<b")], parser.Append("b"));
        Assert.Empty(parser.Append("\n\n"));
        Assert.Equal([new ContentDelta("\n\nc")], parser.Append("c"));
        Assert.Empty(parser.Append("\n\n<｜DS"));
        Assert.Equal([new ContentDelta("\n\n<｜DSx")], parser.Append("x"));
    }

    [Fact]
    public void A_string_argument_streams_while_it_grows()
    {
        int id = 0;
        var parser = new CompletionParser(ThinkingMode.Chat, newCallId: () => $"id{id++}");
        Assert.Equal([new ToolCallStarted(0, "id0", "f")], parser.Append("<｜DSML｜tool_calls>\n<｜DSML｜invoke name=\"f\">"));
        Assert.Equal([new ToolCallArgumentsDelta(0, "{\"k\": \""), new ToolCallArgumentsDelta(0, "a\\n")], parser.Append("\n<｜DSML｜parameter name=\"k\" string=\"true\">a\n"));
        Assert.Equal([new ToolCallArgumentsDelta(0, "b")], parser.Append("b</"));
        Assert.Equal([new ToolCallArgumentsDelta(0, "</x")], parser.Append("x"));
        Assert.Equal(
            [new ToolCallArgumentsDelta(0, "\""), new ToolCallArgumentsDelta(0, "}"), new ToolCallCompleted(0, new ChatToolCall("id0", "f", """{"k": "a\nb</x"}"""))],
            parser.Append("</｜DSML｜parameter></｜DSML｜invoke></｜DSML｜tool_calls>dropped"));
        Assert.True(parser.IsDone);
        Assert.StartsWith("<｜DSML｜tool_calls>", parser.RawCalls, StringComparison.Ordinal);
        Assert.EndsWith("</｜DSML｜tool_calls>", parser.RawCalls, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_text_at_all_is_parsed_without_an_error_and_without_leaking_markup()
    {
        Gen<string> texts = GoldenText.TextOf(40, "<", "</", "｜DSML｜", "tool_calls", " invoke", " name=\"f\"", " string='true'", ">", "\n\n", "x", "parameter", "</think>", "<think>", Markup.Eos, "\"", "{\"a\": 1}");
        Gen.Select(texts, Gen.Bool).Sample(
            (text, thinks) =>
            {
                ChatMessage message = CompletionParser.ParseWhole(text, thinks ? ThinkingMode.Thinking : ThinkingMode.Chat).ToMessage();
                Assert.DoesNotContain(Markup.Dsml, message.Content, StringComparison.Ordinal);
                Assert.DoesNotContain(Markup.Dsml, message.ReasoningContent, StringComparison.Ordinal);
                foreach (ChatToolCall call in message.ToolCalls) Assert.NotNull(JsonNode.Parse(call.Arguments));
            },
            iter: 5_000);
    }

    private static void CheckStream(string text, ThinkingMode mode, IReadOnlyList<ChatTool> tools, int[] lengths, ChatMessage whole)
    {
        var parser = new CompletionParser(mode, tools);
        var events = new List<CompletionEvent>();
        for (int at = 0, i = 0; at < text.Length; i++)
        {
            int length = Math.Min(lengths[i % lengths.Length], text.Length - at);
            events.AddRange(parser.Append(text.Substring(at, length)));
            at += length;
        }

        events.AddRange(parser.Finish());
        Assert.Equal(whole.Content, string.Concat(events.OfType<ContentDelta>().Select(delta => delta.Text)));
        Assert.Equal(whole.ReasoningContent, string.Concat(events.OfType<ReasoningDelta>().Select(delta => delta.Text)));
        ToolCallCompleted[] completed = [.. events.OfType<ToolCallCompleted>()];
        Assert.Equal(whole.ToolCalls.Select(call => (call.Name, call.Arguments)), completed.Select(call => (call.Call.Name, call.Call.Arguments)));
        foreach (ToolCallCompleted call in completed)
        {
            string fragments = string.Concat(events.OfType<ToolCallArgumentsDelta>().Where(delta => delta.Index == call.Index).Select(delta => delta.Json));
            using JsonDocument streamed = JsonDocument.Parse(fragments);
            Assert.Equal(PythonJson.Dump(ChatJson.Parse(call.Call.Arguments, "whole")), PythonJson.Dump(streamed.RootElement));
        }
    }

    private static void CheckMessage(JsonElement expected, ChatMessage message)
    {
        Assert.Equal(expected.GetProperty("content").GetString(), message.Content);
        Assert.Equal(expected.GetProperty("reasoning_content").GetString(), message.ReasoningContent);
        Assert.Equal(
            expected.GetProperty("tool_calls").EnumerateArray().Select(call => (call.GetProperty("function").GetProperty("name").GetString()!, call.GetProperty("function").GetProperty("arguments").GetString()!)),
            message.ToolCalls.Select(call => (call.Name, call.Arguments)));
    }

    private static IReadOnlyList<ChatTool> ToolsOf(JsonElement entry) => ChatJson.ReadTools(entry.GetProperty("tools_offered"));
}
