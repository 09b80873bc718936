using System.ComponentModel;
using Fathom.Extensions.AI;
using Microsoft.Extensions.AI;

using IChatClient client = FathomChatClient.Open(args is [string path] ? path : "DeepSeek-V4-Flash").AsBuilder().UseFunctionInvocation().Build();

[Description("The water level of a harbour in metres.")]
static double WaterLevel([Description("The harbour's town.")] string town) => town == "Hamburg" ? 2.1 : 0.4;

var options = new ChatOptions
{
    Instructions = "You help sailors. Look levels up, never guess them.",
    Tools = [AIFunctionFactory.Create(WaterLevel)],
    Reasoning = new ReasoningOptions { Effort = ReasoningEffort.High },
};
ChatResponse response = await client.GetResponseAsync("Is the water in Hamburg higher than in Lisbon?", options);
Console.WriteLine(response.Text);
Console.WriteLine($"{response.Usage?.InputTokenCount} tokens read, {response.Usage?.OutputTokenCount} written");
