using System.ClientModel;
using System.ComponentModel;
using Microsoft.Extensions.AI;
using OpenAI;
using static Fathom.Server.Tests.TestServer;

namespace Fathom.Server.Tests;

/// <summary>Microsoft.Extensions.AI.OpenAI against a running server.</summary>
public sealed class ExtensionsAIClientTests
{
    private sealed record Person(string Name, int Age);

    [Fact]
    public async Task Functions_are_called_over_several_rounds()
    {
        await using TestServer server = await StartAsync(Scripts.Client);
        var asked = new List<string>();
        AIFunction weather = AIFunctionFactory.Create([Description("The weather.")] (string city, int days = 1) =>
        {
            lock (asked) asked.Add(city);
            return city == "Paris" ? "sun" : "rain";
        }, "get_weather");
        IChatClient client = Client(server).AsBuilder().UseFunctionInvocation().Build();
        ChatResponse response = await client.GetResponseAsync("weather in two cities?", new ChatOptions { Tools = [weather] });
        Assert.Equal(["Paris", "Rome"], asked.Order());
        Assert.Equal("I look.\nIt says sun and rain.", response.Text.Replace("\"", string.Empty, StringComparison.Ordinal));

        string text = string.Empty;
        await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync("weather?", new ChatOptions { Tools = [weather] })) text += update.Text;
        Assert.Contains("It says", text, StringComparison.Ordinal);
        Assert.Equal(3, asked.Count);
    }

    [Fact]
    public async Task Answers_have_a_type()
    {
        await using TestServer server = await StartAsync(Scripts.Client);
        ChatResponse<Person> person = await Client(server).GetResponseAsync<Person>("a person, please");
        Assert.Equal(new Person("Ana", 30), person.Result);
        Assert.True(person.Usage!.TotalTokenCount > 0);
    }

    private static IChatClient Client(TestServer server) =>
        new OpenAIClient(new ApiKeyCredential("any"), new OpenAIClientOptions { Endpoint = new Uri(server.Address, "/v1") }).GetChatClient("fathom").AsIChatClient();
}
