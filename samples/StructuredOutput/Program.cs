using Fathom.Extensions.AI;
using Microsoft.Extensions.AI;

using IChatClient client = FathomChatClient.Open(args is [string path] ? path : "DeepSeek-V4-Flash");

ChatResponse<Ship> response = await client.GetResponseAsync<Ship>("The Albatross, built in 1911, carries three masts.", new ChatOptions { Temperature = 0 });
Console.WriteLine(response.TryGetResult(out Ship? ship) ? $"{ship.Name}: {ship.Masts} masts, {ship.Built}" : $"Not in the form that was asked for: {response.Text}");

/// <summary>What the answer is to hold.</summary>
internal sealed record Ship(string Name, int Built, int Masts);
