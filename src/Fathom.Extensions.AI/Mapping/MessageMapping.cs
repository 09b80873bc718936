using System.Text;
using System.Text.Json;
using Fathom.Text;
using Microsoft.Extensions.AI;

namespace Fathom.Extensions.AI.Mapping;

/// <summary>Turns the messages of a request into the conversation that the model reads.</summary>
internal static class MessageMapping
{
    /// <summary>The conversation, with system text, tools and reply format of the options in its first message.</summary>
    /// <exception cref="ArgumentException">There is nothing to answer.</exception>
    /// <exception cref="NotSupportedException">A message holds what the model cannot read.</exception>
    public static IReadOnlyList<FathomMessage> Read(IEnumerable<ChatMessage> messages, FathomChatOptions options)
    {
        var conversation = new List<FathomMessage>();
        foreach ((int index, ChatMessage message) in messages.Index())
        {
            if (message.Role == ChatRole.Assistant) conversation.Add(ReadAnswer(message, index));
            else conversation.AddRange(ReadParts(message, index));
        }

        if (conversation.Count == 0 || conversation[^1].Role is "assistant" or "system")
            throw new ArgumentException($"There is nothing to answer: the conversation must end with a user's text or a tool's result, not with {(conversation.Count == 0 ? "no message" : $"a message of role {conversation[^1].Role}")}.");
        return WithOpening(conversation, options);
    }

    // The chat format puts nothing between two system messages, so those at the start become one, part by part.
    private static List<FathomMessage> WithOpening(List<FathomMessage> conversation, FathomChatOptions options)
    {
        int leading = conversation.FindIndex(message => message.Role != "system");
        IEnumerable<ChatContentPart> given = [new ChatContentPart("text", options.System), .. conversation.Take(leading).SelectMany(Parts)];
        List<ChatContentPart> texts = [.. given.Where(part => !string.IsNullOrEmpty(part.Text))];
        if (texts.Count == 0 && options.Tools.Count == 0 && options.ResponseFormat is null) return conversation[leading..];
        FathomMessage opening = Message("system", texts) with { Tools = options.Tools, ResponseFormat = options.ResponseFormat };
        return [opening, .. conversation.Skip(leading)];
    }

    private static IReadOnlyList<ChatContentPart> Parts(FathomMessage message) => message.Parts ?? [new ChatContentPart("text", message.Content)];

    // Pieces of an answer follow each other without a gap: they may be the pieces of a stream.
    private static FathomMessage ReadAnswer(ChatMessage message, int index)
    {
        var text = new StringBuilder();
        var reasoning = new StringBuilder();
        var calls = new List<ChatToolCall>();
        foreach (AIContent content in message.Contents)
        {
            switch (content)
            {
                case TextContent piece:
                    text.Append(piece.Text);
                    break;
                case TextReasoningContent piece:
                    reasoning.Append(piece.Text);
                    break;
                case FunctionCallContent call:
                    calls.Add(new ChatToolCall(call.CallId, call.Name, Arguments(call)));
                    break;
                case UsageContent:
                    break;
                default:
                    throw Unreadable(content, message, index);
            }
        }

        return new FathomMessage { Role = "assistant", Content = text.ToString(), ReasoningContent = reasoning.ToString(), ToolCalls = calls };
    }

    // Texts and tool results in their order; each result becomes a message of its own.
    private static IEnumerable<FathomMessage> ReadParts(ChatMessage message, int index)
    {
        var texts = new List<ChatContentPart>();
        bool hasResults = false;
        foreach (AIContent content in message.Contents)
        {
            switch (content)
            {
                case TextContent piece:
                    texts.Add(new ChatContentPart("text", piece.Text));
                    break;
                case FunctionResultContent result:
                    if (texts.Count > 0) yield return Message(RoleOf(message), texts);
                    texts = [];
                    hasResults = true;
                    yield return new FathomMessage { Role = "tool", ToolCallId = result.CallId, Content = FunctionResultText.Of(result) };
                    break;
                case UsageContent:
                    break;
                default:
                    throw Unreadable(content, message, index);
            }
        }

        if (texts.Count > 0 || !hasResults) yield return Message(RoleOf(message), texts);
    }

    // Roles are the same in any case there; the chat format knows them in small letters.
    private static string RoleOf(ChatMessage message) =>
        message.Role == ChatRole.User ? "user" : message.Role == ChatRole.System ? "system" : message.Role == ChatRole.Tool ? "tool" : message.Role.Value;

    private static FathomMessage Message(string role, List<ChatContentPart> texts) => texts.Count > 1
        ? new FathomMessage { Role = role, Parts = texts }
        : FathomMessage.Of(role, texts.Count == 1 ? texts[0].Text ?? string.Empty : string.Empty);

    private static string Arguments(FunctionCallContent call) => call.Arguments is null ? "{}" : JsonSerializer.Serialize(call.Arguments, FunctionResultText.Json);

    private static NotSupportedException Unreadable(AIContent content, ChatMessage message, int index)
    {
        string what = content switch
        {
            DataContent data => $"data of type {data.MediaType}",
            UriContent link => $"a link to data of type {link.MediaType}",
            _ => $"a {content.GetType().Name}",
        };
        return new NotSupportedException($"messages[{index}] (role {message.Role}) holds {what}, which V4 cannot read; send it as text or leave it out.");
    }
}
