using Fathom.Extensions.AI;
using Microsoft.Extensions.AI;

using IChatClient client = FathomChatClient.Open(args is [string path] ? path : "models/builtin");

List<ChatMessage> history = [];
while (true)
{
    Console.Write("> ");
    if (Console.ReadLine() is not { Length: > 0 } question) break;
    history.Add(new ChatMessage(ChatRole.User, question));

    List<ChatResponseUpdate> updates = [];
    await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(history))
    {
        Console.Write(update.Text);
        updates.Add(update);
    }

    Console.WriteLine();
    history.AddMessages(updates);
}
