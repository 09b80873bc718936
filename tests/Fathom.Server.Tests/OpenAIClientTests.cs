using System.ClientModel;
using System.Text.Json;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Models;
using OpenAI.Responses;
using static Fathom.Server.Tests.TestServer;

#pragma warning disable OPENAI001 // Responses are marked as experimental in the client.

namespace Fathom.Server.Tests;

/// <summary>The official OpenAI client for .NET against a running server. Its typed enums throw on words they do not know.</summary>
public sealed class OpenAIClientTests
{
    private static readonly ChatTool Weather = ChatTool.CreateFunctionTool(
        "get_weather", "The weather of a city.", BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}},"required":["city"]}"""));

    [Fact]
    public async Task Chat_whole_and_streamed()
    {
        await using TestServer server = await StartAsync(Scripts.Client);
        ChatClient client = Chat(server);
        ChatCompletion whole = await client.CompleteChatAsync([new SystemChatMessage("Be brief."), new UserChatMessage("hi")], new ChatCompletionOptions { IncludeLogProbabilities = true, TopLogProbabilityCount = 2 });
        Assert.Equal(("Hello there, friend.", ChatFinishReason.Stop), (whole.Content[0].Text, whole.FinishReason));
        Assert.Equal(whole.Usage.TotalTokenCount, whole.Usage.InputTokenCount + whole.Usage.OutputTokenCount);
        Assert.All(whole.ContentTokenLogProbabilities, token => Assert.Equal(2, token.TopLogProbabilities.Count));

        string text = string.Empty;
        ChatTokenUsage? usage = null;
        ChatFinishReason? finish = null;
        await foreach (StreamingChatCompletionUpdate update in client.CompleteChatStreamingAsync([new UserChatMessage("hi")], new ChatCompletionOptions { MaxOutputTokenCount = 100 }))
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            usage = update.Usage ?? usage;
            finish = update.FinishReason ?? finish;
        }

        Assert.Equal(("Hello there, friend.", ChatFinishReason.Stop), (text, finish));
        Assert.True(usage!.OutputTokenCount > 3);
    }

    [Fact]
    public async Task Tools_make_a_round_trip()
    {
        await using TestServer server = await StartAsync(Scripts.Client);
        ChatClient client = Chat(server);
        List<ChatMessage> messages = [new UserChatMessage("weather in two cities?")];
        ChatCompletion first = await client.CompleteChatAsync(messages, new ChatCompletionOptions { Tools = { Weather } });
        Assert.Equal(ChatFinishReason.ToolCalls, first.FinishReason);
        Assert.Equal(["Paris", "Rome"], first.ToolCalls.Select(call => JsonDocument.Parse(call.FunctionArguments).RootElement.GetProperty("city").GetString()));
        messages.Add(new AssistantChatMessage(first));
        messages.Add(new ToolChatMessage(first.ToolCalls[0].Id, "sun"));
        messages.Add(new ToolChatMessage(first.ToolCalls[1].Id, "rain"));
        ChatCompletion second = await client.CompleteChatAsync(messages, new ChatCompletionOptions { Tools = { Weather } });
        Assert.Equal("It says sun and rain.", second.Content[0].Text);
        Assert.True(second.Usage.InputTokenDetails.CachedTokenCount >= first.Usage.InputTokenCount - 1);

        var arguments = new Dictionary<int, string>();
        await foreach (StreamingChatCompletionUpdate update in client.CompleteChatStreamingAsync([new UserChatMessage("weather in two cities?")], new ChatCompletionOptions { Tools = { Weather } }))
        {
            foreach (StreamingChatToolCallUpdate call in update.ToolCallUpdates) arguments[call.Index] = arguments.GetValueOrDefault(call.Index) + call.FunctionArgumentsUpdate;
        }

        Assert.Equal(2, JsonDocument.Parse(arguments[1]).RootElement.GetProperty("days").GetInt32());
    }

    [Fact]
    public async Task Structured_output_fits_its_schema()
    {
        await using TestServer server = await StartAsync(Scripts.Client);
        BinaryData schema = BinaryData.FromString("""{"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer","minimum":0}},"required":["name","age"],"additionalProperties":false}""");
        var options = new ChatCompletionOptions { ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("person", schema, jsonSchemaIsStrict: true) };
        ChatCompletion person = await Chat(server).CompleteChatAsync([new UserChatMessage("a person, please")], options);
        Assert.Equal(30, JsonDocument.Parse(person.Content[0].Text).RootElement.GetProperty("age").GetInt32());

        // Whatever the model would rather say, the form is kept.
        ChatCompletion other = await Chat(server).CompleteChatAsync([new UserChatMessage("hi")], new ChatCompletionOptions { ResponseFormat = ChatResponseFormat.CreateJsonObjectFormat(), MaxOutputTokenCount = 400, Temperature = 0 });
        if (other.FinishReason == ChatFinishReason.Stop) Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(other.Content[0].Text).RootElement.ValueKind);
        Assert.StartsWith("{", other.Content[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Errors_models_and_cancelling()
    {
        await using TestServer server = await StartAsync(prompt => prompt.Contains("long", StringComparison.Ordinal) ? string.Join(' ', Enumerable.Range(1, 20_000)) : "hi");
        ClientResultException wrong = await Assert.ThrowsAsync<ClientResultException>(() => Chat(server, "gpt-9").CompleteChatAsync([new UserChatMessage("hi")]));
        Assert.Equal(404, wrong.Status);
        OpenAIModelCollection models = (await Client(server).GetOpenAIModelClient().GetModelsAsync()).Value;
        Assert.Contains(models, model => model.Id == "deepseek-v4-flash");

        using var cancellation = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (StreamingChatCompletionUpdate update in Chat(server).CompleteChatStreamingAsync([new UserChatMessage("a long one")], cancellationToken: cancellation.Token))
            {
                if (update.ContentUpdate.Count > 0) await cancellation.CancelAsync();
            }
        });
        for (int i = 0; i < 200 && server.Model.Status.Running > 0; i++) await Task.Delay(10);
        Assert.Equal(0, server.Model.Status.Running);
    }

    [Fact]
    public async Task Responses_whole_streamed_and_with_tools()
    {
        await using TestServer server = await StartAsync(Scripts.Client);
        var client = new ResponsesClient(new ApiKeyCredential("any"), new ResponsesClientOptions { Endpoint = new Uri(server.Address, "/v1") });
        ResponseResult whole = await client.CreateResponseAsync("fathom", "hi", null);
        Assert.Equal(("Hello there, friend.", ResponseStatus.Completed), (whole.GetOutputText(), whole.Status));

        string text = string.Empty;
        ResponseResult? last = null;
        await foreach (StreamingResponseUpdate update in await client.CreateResponseStreamingAsync("fathom", "hi", null))
        {
            if (update is StreamingResponseOutputTextDeltaUpdate delta) text += delta.Delta;
            if (update is StreamingResponseCompletedUpdate completed) last = completed.Response;
        }

        Assert.Equal("Hello there, friend.", text);
        Assert.Equal(text, last!.GetOutputText());
        Assert.True(last.Usage.TotalTokenCount > 3);

        var options = new CreateResponseOptions { Model = "fathom", Tools = { ResponseTool.CreateFunctionTool("get_weather", BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}}}"""), strictModeEnabled: false) } };
        options.InputItems.Add(ResponseItem.CreateUserMessageItem("weather?"));
        ResponseResult called = await client.CreateResponseAsync(options);
        FunctionCallResponseItem call = called.OutputItems.OfType<FunctionCallResponseItem>().Single();
        foreach (ResponseItem item in called.OutputItems) options.InputItems.Add(item);
        options.InputItems.Add(ResponseItem.CreateFunctionCallOutputItem(call.CallId, "sun"));
        ResponseResult answered = await client.CreateResponseAsync(options);
        Assert.Equal("It says sun.", answered.GetOutputText());
        Assert.True(answered.Usage.InputTokenDetails.CachedTokenCount > 0);
    }

    private static OpenAIClient Client(TestServer server) => new(new ApiKeyCredential("any"), new OpenAIClientOptions { Endpoint = new Uri(server.Address, "/v1") });

    private static ChatClient Chat(TestServer server, string model = "fathom") => Client(server).GetChatClient(model);
}
