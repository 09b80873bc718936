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
    public async Task A_forced_call_is_refused_until_it_can_be_kept()
    {
        using IChatClient client = Scripted.Client("never");
        foreach (ChatToolMode mode in (ChatToolMode[])[ChatToolMode.RequireAny, ChatToolMode.RequireSpecific("weather")])
        {
            NotSupportedException error = await Assert.ThrowsAsync<NotSupportedException>(() => client.GetResponseAsync("hi", new ChatOptions { Tools = [Weather], ToolMode = mode }));
            Assert.Contains("ChatToolMode.Auto", error.Message, StringComparison.Ordinal);
        }
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
