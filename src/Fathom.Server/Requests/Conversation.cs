using System.Text.Json;
using Fathom.Inference;
using Fathom.Server.Errors;
using Fathom.Text;

namespace Fathom.Server.Requests;

/// <summary>Puts messages of any dialect into the order that the encoder expects (chat specification, section 2.12; interface specification, section 1.4).</summary>
internal static class Conversation
{
    /// <summary>Leading instructions become one system message with the tools and the form of reply; later ones stay in their place as text of the user's turn.</summary>
    public static IReadOnlyList<ChatMessage> Arrange(IEnumerable<ChatMessage> messages, IReadOnlyList<ChatTool> tools, JsonElement? responseFormat)
    {
        var arranged = new List<ChatMessage>();
        var instructions = new List<string>();
        foreach (ChatMessage message in messages)
        {
            bool isInstruction = message.Role is "system" or "developer";
            if (isInstruction && arranged.Count == 0) instructions.Add(TextOf(message));
            else if (isInstruction) arranged.Add(message with { Role = "user", Tools = [], ResponseFormat = null });
            else arranged.Add(message);
        }

        if (instructions.Count > 0 || tools.Count > 0 || responseFormat is not null)
            arranged.Insert(0, new ChatMessage { Role = "system", Content = string.Join("\n\n", instructions.Where(text => text.Length > 0)), Tools = tools, ResponseFormat = responseFormat });
        return arranged;
    }

    /// <summary>Every result must have its call: one that this server made is put back when the client left it out.</summary>
    /// <exception cref="ApiException">A call is neither in the request nor known.</exception>
    public static IReadOnlyList<ChatMessage> WithCalls(IReadOnlyList<ChatMessage> messages, FathomModel model, string space)
    {
        var complete = new List<ChatMessage>(messages.Count);
        var calls = new HashSet<string>();
        foreach (ChatMessage message in messages)
        {
            foreach (ChatToolCall call in message.ToolCalls) calls.Add(call.Id);
            if (message.Role == "tool" && message.ToolCallId is { } id && !calls.Contains(id))
            {
                ChatMessage made = model.FindCall(id, space) ?? throw ApiException.BadField(
                    "messages", $"The result of tool call '{id}' has no call in the conversation, and this server does not remember making it; send the full history with the assistant's tool_calls.");
                complete.Add(made);
                foreach (ChatToolCall call in made.ToolCalls) calls.Add(call.Id);
            }

            complete.Add(message);
        }

        return complete;
    }

    /// <summary>The text of a message, its parts joined.</summary>
    public static string TextOf(ChatMessage message) =>
        message.Parts is { } parts ? string.Join("\n\n", parts.Select(part => part.Text ?? throw new ChatFormatException($"A {message.Role} message has a part of type '{part.Type}', which this model cannot read; send text."))) : message.Content ?? string.Empty;
}
