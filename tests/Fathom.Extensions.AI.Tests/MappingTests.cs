using System.Text.Json;
using Fathom.Extensions.AI.Mapping;
using Fathom.Inference;
using Fathom.Text;
using Microsoft.Extensions.AI;

namespace Fathom.Extensions.AI.Tests;

public sealed class MappingTests
{
    [Fact]
    public void Sampling_and_limits_are_read_and_the_rest_stays_as_the_defaults_have_it()
    {
        var defaults = new FathomChatOptions { System = "Be brief.", Generation = new GenerationOptions { MaxTokens = 7, Sampling = new SamplingOptions { MinP = 0.1f, TopP = 0.5f } } };
        FathomChatOptions read = Read(new ChatOptions { Temperature = 0.25f, TopK = 4, Seed = 9, FrequencyPenalty = 0.5f, PresencePenalty = 0.75f, StopSequences = ["x"] }, defaults);
        Assert.Equal(new SamplingOptions { Temperature = 0.25f, TopK = 4, Seed = 9, FrequencyPenalty = 0.5f, PresencePenalty = 0.75f, MinP = 0.1f, TopP = 0.5f, LogitBias = defaults.Generation.Sampling.LogitBias }, read.Generation.Sampling);
        Assert.Equal((7, "Be brief."), (read.Generation.MaxTokens, read.System));
        Assert.Equal(["x"], read.Generation.Stop);
        Assert.Same(defaults, OptionsMapping.Read(null, defaults, ChatFormat.Release, null!));
    }

    [Fact]
    public void Raw_options_are_the_ground_that_a_request_builds_on()
    {
        var raw = new FathomChatOptions { DropsThinking = false, Generation = new GenerationOptions { Sampling = new SamplingOptions { MinP = 0.2f } } };
        FathomChatOptions read = Read(new ChatOptions { TopP = 0.5f, RawRepresentationFactory = _ => raw });
        Assert.Equal((false, 0.2f, 0.5f), (read.DropsThinking, read.Generation.Sampling.MinP, read.Generation.Sampling.TopP));
        Assert.Throws<ArgumentException>(() => Read(new ChatOptions { RawRepresentationFactory = _ => "no" }));
    }

    [Theory]
    [InlineData(ReasoningEffort.None, ChatFormat.Release, ThinkingMode.Chat, null)]
    [InlineData(ReasoningEffort.Low, ChatFormat.Release, ThinkingMode.Thinking, "low")]
    [InlineData(ReasoningEffort.Low, ChatFormat.Preview, ThinkingMode.Thinking, null)]
    [InlineData(ReasoningEffort.Medium, ChatFormat.V41, ThinkingMode.Thinking, null)]
    [InlineData(ReasoningEffort.High, ChatFormat.Preview, ThinkingMode.Thinking, "high")]
    [InlineData(ReasoningEffort.ExtraHigh, ChatFormat.Release, ThinkingMode.Thinking, "max")]
    [InlineData(ReasoningEffort.ExtraHigh, ChatFormat.V41, ThinkingMode.Thinking, "xhigh")]
    public void Effort_becomes_what_the_format_knows(ReasoningEffort effort, ChatFormat format, ThinkingMode mode, string? name)
    {
        FathomChatOptions read = Read(new ChatOptions { Reasoning = new ReasoningOptions { Effort = effort } }, format: format);
        Assert.Equal((mode, name), (read.ThinkingMode, read.ReasoningEffort));
        new ChatEncoder(format).Encode([FathomMessage.Of("user", "hi")], new ChatEncodingOptions { ThinkingMode = read.ThinkingMode, ReasoningEffort = read.ReasoningEffort });
    }

    [Theory]
    [InlineData("""{"thinking": true}""", ThinkingMode.Thinking, null)]
    [InlineData("""{"thinking": {"type": "enabled"}, "reasoning_effort": "max"}""", ThinkingMode.Thinking, "max")]
    [InlineData("""{"thinking": {"type": "disabled"}, "reasoning_effort": "max"}""", ThinkingMode.Chat, null)]
    [InlineData("""{"thinking": "enabled"}""", ThinkingMode.Thinking, null)]
    [InlineData("""{"reasoning_effort": "none"}""", ThinkingMode.Chat, null)]
    [InlineData("""{"reasoning_effort": 30}""", ThinkingMode.Thinking, "30")]
    [InlineData("""{"reasoning_effort": null, "thinking": null}""", ThinkingMode.Chat, null)]
    public void Thinking_is_read_from_additional_properties_too(string json, ThinkingMode mode, string? effort)
    {
        FathomChatOptions read = Read(new ChatOptions { AdditionalProperties = JsonSerializer.Deserialize<AdditionalPropertiesDictionary>(json) });
        Assert.Equal((mode, effort), (read.ThinkingMode, read.ReasoningEffort));
    }

    [Theory]
    [InlineData("""{"thinking": 3}""")]
    [InlineData("""{"thinking": {"type": {}}}""")]
    [InlineData("""{"thinking": {}}""")]
    [InlineData("""{"reasoning_effort": true}""")]
    public void An_unclear_wish_for_thinking_is_refused(string json) =>
        Assert.Throws<ArgumentException>(() => Read(new ChatOptions { AdditionalProperties = JsonSerializer.Deserialize<AdditionalPropertiesDictionary>(json) }));

    [Fact]
    public void The_form_of_the_reply_is_the_schema_or_any_json_or_none()
    {
        JsonElement schema = ChatJson.Parse("""{"type": "object"}""", "schema");
        Assert.Equal(schema.GetRawText(), Read(new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema(schema) }).ResponseFormat!.Value.GetRawText());
        Assert.Equal("json_object", Read(new ChatOptions { ResponseFormat = ChatResponseFormat.Json }).ResponseFormat!.Value.GetProperty("type").GetString());
        Assert.Null(Read(new ChatOptions { ResponseFormat = ChatResponseFormat.Text }, new FathomChatOptions { ResponseFormat = schema }).ResponseFormat);
    }

    [Fact]
    public async Task A_typed_answer_is_asked_for_by_its_schema_and_read()
    {
        using FathomModel model = Scripted.Model(out Inference.Tests.ScriptedModel scripted, """{"name": "Ada", "age": 36}""");
        ChatResponse<Person> response = await model.AsIChatClient().GetResponseAsync<Person>("Who?");
        Assert.Equal(new Person("Ada", 36), response.Result);
        Assert.Contains("## Response Format:", Scripted.Read(scripted), StringComparison.Ordinal);
    }

    [Fact]
    public void System_texts_at_the_start_become_one_message_with_tools_and_form()
    {
        JsonElement form = ChatJson.Parse("{}", "form");
        var tool = new ChatTool(ChatJson.Parse("""{"name": "f"}""", "tool"));
        IReadOnlyList<FathomMessage> read = MessageMapping.Read(
            [new(ChatRole.System, "B"), new(ChatRole.System, "C"), new(ChatRole.User, "hi")],
            new FathomChatOptions { System = "A", Tools = [tool], ResponseFormat = form });
        Assert.Equal(["system", "user"], read.Select(message => message.Role));
        Assert.Equal(["A", "B", "C"], read[0].Parts!.Select(part => part.Text));
        Assert.Equal((tool, true), (Assert.Single(read[0].Tools), read[0].ResponseFormat.HasValue));
        Assert.Equal("user", Assert.Single(MessageMapping.Read([new(ChatRole.User, "hi")], new FathomChatOptions())).Role);
    }

    [Fact]
    public void Empty_system_texts_leave_no_trace_and_roles_may_have_capitals()
    {
        IReadOnlyList<FathomMessage> read = MessageMapping.Read([new(ChatRole.System, ""), new(new ChatRole("SYSTEM"), "B"), new(new ChatRole("User"), "hi")], new FathomChatOptions { System = "" });
        Assert.Equal([("system", "B"), ("user", "hi")], read.Select(message => (message.Role, message.Content)));
        Assert.Equal("user", Assert.Single(MessageMapping.Read([new(ChatRole.System, ""), new(ChatRole.User, "hi")], new FathomChatOptions())).Role);
    }

    [Fact]
    public void Answers_keep_reasoning_text_and_calls()
    {
        ChatMessage answer = new(ChatRole.Assistant, [
            new TextReasoningContent("Hm"), new TextReasoningContent("."), new TextContent("Wait"), new TextContent("."),
            new FunctionCallContent("1", "f", new Dictionary<string, object?> { ["x"] = "ü", ["n"] = 3 }), new FunctionCallContent("2", "g"), new UsageContent(new UsageDetails())]);
        FathomMessage read = MessageMapping.Read([new(ChatRole.User, "hi"), answer, new(ChatRole.User, "on")], new FathomChatOptions())[1];
        Assert.Equal(("Hm.", "Wait."), (read.ReasoningContent, read.Content));
        Assert.Equal([new ChatToolCall("1", "f", """{"x":"ü","n":3}"""), new ChatToolCall("2", "g", "{}")], read.ToolCalls);
    }

    [Fact]
    public void Each_tool_result_becomes_a_message_whatever_message_holds_it()
    {
        ChatMessage results = new(ChatRole.Tool, [
            new FunctionResultContent("1", "text"), new FunctionResultContent("2", new { x = 1 }), new FunctionResultContent("3", null),
            new FunctionResultContent("4", null) { Exception = new InvalidOperationException("secret") },
            new FunctionResultContent("5", new AIContent[] { new TextContent("a"), new TextContent("b") }),
            new FunctionResultContent("6", ChatJson.Parse("\"plain\"", "text"))]);
        IReadOnlyList<FathomMessage> read = MessageMapping.Read([results, new(ChatRole.User, [new TextContent("a"), new FunctionResultContent("7", true), new TextContent("b")])], new FathomChatOptions());
        Assert.Equal(["text", """{"x":1}""", "", "Error: the function failed.", "a\n\nb", "plain", "a", "true", "b"], read.Select(message => message.Content));
        Assert.Equal(["1", "2", "3", "4", "5", "6", null, "7", null], read.Select(message => message.ToolCallId));
        Assert.Throws<NotSupportedException>(() => MessageMapping.Read([new(ChatRole.Tool, [new FunctionResultContent("1", new DataContent(new byte[1], "image/png"))])], new FathomChatOptions()));
    }

    private static FathomChatOptions Read(ChatOptions options, FathomChatOptions? defaults = null, ChatFormat format = ChatFormat.Release) =>
        OptionsMapping.Read(options, defaults ?? new FathomChatOptions(), format, null!);

    private sealed record Person(string Name, int Age);
}
