using System.Text.Json;
using Fathom.Inference;
using Fathom.Inference.Tests;
using Fathom.Text;
using Microsoft.Extensions.AI;

namespace Fathom.Extensions.AI.Tests;

public sealed class ToolTests
{
    private static readonly AIFunction Weather = AIFunctionFactory.Create((string city, int days) => new { city, days, sky = "grün" }, "weather", "Tells the weather.");

    [Fact]
    public async Task A_call_comes_with_parsed_arguments()
    {
        using IChatClient client = Scripted.Client("Wait." + Scripted.WeatherCall);
        ChatResponse response = await client.GetResponseAsync("hi", new ChatOptions { Tools = [Weather] });
        Assert.Equal("Wait.", response.Text);
        Assert.Equal(ChatFinishReason.ToolCalls, response.FinishReason);
        FunctionCallContent call = Assert.Single(response.Messages[0].Contents.OfType<FunctionCallContent>());
        Assert.Equal("weather", call.Name);
        Assert.NotEmpty(call.CallId);
        Assert.Null(call.Exception);
        Assert.Equal(("Oslo", 3), (((JsonElement)call.Arguments!["city"]!).GetString(), ((JsonElement)call.Arguments["days"]!).GetInt32()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_function_is_called_and_its_result_goes_back_to_the_model(bool streams)
    {
        using FathomModel model = Scripted.Model(out ScriptedModel scripted, "Wait." + Scripted.WeatherCall, "Fine weather.");
        using IChatClient client = model.AsIChatClient().AsBuilder().UseFunctionInvocation().Build();
        var options = new ChatOptions { Tools = [Weather] };
        ChatResponse response = streams
            ? (await Scripted.Collect(client.GetStreamingResponseAsync("hi", options))).ToChatResponse()
            : await client.GetResponseAsync("hi", options);
        Assert.Equal([ChatRole.Assistant, ChatRole.Tool, ChatRole.Assistant], response.Messages.Select(message => message.Role));
        Assert.Equal("Fine weather.", response.Messages[^1].Text);

        // Offered with its schema, called, and answered on one line in the script it was written in.
        string read = Scripted.Read(scripted);
        Assert.Contains("""{"name": "weather", "description": "Tells the weather.", "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}""", read, StringComparison.Ordinal);
        Assert.Contains($"Wait.{Scripted.WeatherCall}{Markup.Eos}{Markup.User}<tool_result>{{\"city\":\"Oslo\",\"days\":3,\"sky\":\"grün\"}}</tool_result>{Markup.Assistant}", read, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_calls_come_in_their_order_or_only_the_first_when_one_is_allowed()
    {
        using IChatClient client = Scripted.Client("\n\n" + Scripted.Block(Scripted.Weather("Oslo"), Scripted.Weather("Rome")));
        ChatResponse both = await client.GetResponseAsync("hi", new ChatOptions { Tools = [Weather] });
        Assert.Equal(["Oslo", "Rome"], both.Messages[0].Contents.OfType<FunctionCallContent>().Select(call => call.Arguments!["city"]!.ToString()));
        ChatResponse one = await client.GetResponseAsync("hi", new ChatOptions { Tools = [Weather], AllowMultipleToolCalls = false });
        Assert.Equal("Oslo", Assert.Single(one.Messages[0].Contents.OfType<FunctionCallContent>()).Arguments!["city"]!.ToString());
    }

    [Fact]
    public async Task With_tool_mode_none_no_tool_is_offered()
    {
        using FathomModel model = Scripted.Model(out ScriptedModel scripted, "No.");
        await model.AsIChatClient().GetResponseAsync("hi", new ChatOptions { Tools = [Weather], ToolMode = ChatToolMode.None });
        Assert.DoesNotContain("weather", Scripted.Read(scripted), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_forced_call_is_made_whatever_the_model_would_rather_say()
    {
        AIFunction still = AIFunctionFactory.Create(() => "quiet", "still", "Says nothing.");
        using IChatClient client = Scripted.Client("never");
        foreach (ChatToolMode mode in (ChatToolMode[])[ChatToolMode.RequireAny, ChatToolMode.RequireSpecific("still")])
        {
            ChatResponse response = await client.GetResponseAsync("hi", new ChatOptions { Tools = [still], ToolMode = mode, MaxOutputTokens = 200, Temperature = 0, AllowMultipleToolCalls = false });
            Assert.Equal(("still", ChatFinishReason.ToolCalls), (Assert.Single(response.Messages[0].Contents.OfType<FunctionCallContent>()).Name, response.FinishReason));
            Assert.Empty(response.Text);
        }

        await Assert.ThrowsAsync<ArgumentException>(() => client.GetResponseAsync("hi", new ChatOptions { Tools = [still], ToolMode = ChatToolMode.RequireSpecific("other") }));
        await Assert.ThrowsAsync<ArgumentException>(() => client.GetResponseAsync("hi", new ChatOptions { ToolMode = ChatToolMode.RequireAny }));
    }

    [Fact]
    public async Task A_reply_keeps_its_form()
    {
        JsonElement schema = ChatJson.Parse("""{"type":"object","properties":{"ok":{"type":"boolean"}},"required":["ok"],"additionalProperties":false}""", "schema");
        using IChatClient client = Scripted.Client("never");
        ChatResponse response = await client.GetResponseAsync("hi", new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema(schema), Temperature = 0, MaxOutputTokens = 100 });
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Assert.Contains(JsonDocument.Parse(response.Text).RootElement.GetProperty("ok").ValueKind, (JsonValueKind[])[JsonValueKind.True, JsonValueKind.False]);
    }

    [Fact]
    public async Task A_failing_function_does_not_end_the_conversation()
    {
        using FathomModel model = Scripted.Model(out ScriptedModel scripted, Scripted.WeatherCall, "Sorry.");
        using IChatClient client = model.AsIChatClient().AsBuilder().UseFunctionInvocation().Build();
        AIFunction broken = AIFunctionFactory.Create((string city, int days) => days > 0 ? throw new InvalidOperationException("secret") : city, "weather");
        Assert.Equal("Sorry.", (await client.GetResponseAsync("hi", new ChatOptions { Tools = [broken] })).Messages[^1].Text);
        Assert.Contains("<tool_result>Error", Scripted.Read(scripted), StringComparison.Ordinal);
        Assert.DoesNotContain("secret", Scripted.Read(scripted), StringComparison.Ordinal);
    }
}
