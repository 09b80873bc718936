using System.Security.Cryptography;
using System.Text;
using Fathom.Text;

namespace Fathom.Inference.Caching;

/// <summary>
/// Remembers answers as the model wrote them. Clients send them back in their own spelling: arguments as other JSON, reasoning left out, text encoded into other tokens
/// than were picked. What is recognised here goes back into the prompt token for token, so that the kept session fits (chat specification, section 4.4; interface specification, section 9).
/// Safe for use by several threads.
/// </summary>
internal sealed class AnswerStore
{
    private const int Capacity = 20_000;

    private readonly Lock gate = new();
    private readonly Dictionary<string, Answer> byCall = [], byContent = [];
    private readonly Dictionary<string, IReadOnlyList<int>> byText = [];
    private readonly Queue<Answer> oldest = [];
    private readonly AnswerFile? file;

    /// <summary>An empty store, or one that goes on from a file.</summary>
    /// <param name="file">Keeps answers across restarts; null for memory only.</param>
    public AnswerStore(AnswerFile? file = null)
    {
        if (file is null) return;
        foreach (Answer answer in file.Read(Capacity)) Take(answer);
        this.file = file;
    }

    /// <summary>An answer as it was written.</summary>
    /// <param name="Space">Whose.</param>
    /// <param name="Context">What was asked before, as <see cref="ContextOf"/> has it.</param>
    /// <param name="Reasoning">Its reasoning; null when it was made without.</param>
    /// <param name="Content">Its text.</param>
    /// <param name="RawCalls">Its block of calls as written; null without calls.</param>
    /// <param name="Calls">Its calls.</param>
    /// <param name="Tokens">All its tokens, the end token not.</param>
    /// <param name="ContentStart">How many of these are reasoning, the closing tag included.</param>
    public sealed record Answer(string Space, string Context, string? Reasoning, string Content, string? RawCalls, IReadOnlyList<ChatToolCall> Calls, IReadOnlyList<int> Tokens, int ContentStart)
    {
        /// <summary>The text behind the reasoning.</summary>
        public string Rest => Content + RawCalls;

        /// <summary>The whole text.</summary>
        public string Text => Reasoning is null ? Rest : Reasoning + Markup.ThinkEnd + Rest;
    }

    /// <summary>Remembers an answer that was completed.</summary>
    public void Add(Answer answer)
    {
        Take(answer);
        file?.Append(answer);
    }

    /// <summary>Gives messages of the assistant back what the client lost or spelled otherwise.</summary>
    /// <param name="space">Whose answers.</param>
    /// <param name="messages">The conversation as the client sent it.</param>
    public IReadOnlyList<ChatMessage> Restore(string space, IReadOnlyList<ChatMessage> messages)
    {
        var restored = new List<ChatMessage>(messages.Count);
        string context = string.Empty;
        lock (gate)
        {
            foreach (ChatMessage message in messages)
            {
                restored.Add(message.Role == "assistant" && !message.IsOpenEnded ? Restore(space, context, message) : message);
                context = After(context, message);
            }
        }

        return restored;
    }

    /// <summary>Tells conversations apart by what users and tools said in them, which clients send back as it was.</summary>
    public static string ContextOf(IReadOnlyList<ChatMessage> messages) => messages.Aggregate(string.Empty, After);

    /// <summary>The answer that made a call; null when it is not known.</summary>
    public Answer? FindCall(string space, string callId)
    {
        lock (gate) return byCall.GetValueOrDefault(Key(space, callId));
    }

    /// <summary>The tokens of an assistant turn of this text, or null.</summary>
    public IReadOnlyList<int>? TokensOf(string space, string text)
    {
        lock (gate) return byText.GetValueOrDefault(Key(space, text));
    }

    private ChatMessage Restore(string space, string context, ChatMessage message)
    {
        if (message.Parts is { } parts && !parts.All(part => part.Type is "text" or "output_text")) return message;
        string content = TextOf(message);
        if (Find(space, context, message, content) is not { } answer) return message;
        bool isSameReasoning = string.IsNullOrEmpty(message.ReasoningContent) || message.ReasoningContent == answer.Reasoning;
        if (!isSameReasoning) return message;
        return message with { Content = answer.Content, Parts = null, ReasoningContent = answer.Reasoning ?? message.ReasoningContent, RawCalls = answer.RawCalls };
    }

    private Answer? Find(string space, string context, ChatMessage message, string content)
    {
        if (message.ToolCalls.Count == 0) return content.Length > 0 ? byContent.GetValueOrDefault(Key(space, context + content)) : null;
        if (!byCall.TryGetValue(Key(space, message.ToolCalls[0].Id), out Answer? answer) || answer.Calls.Count != message.ToolCalls.Count) return null;
        bool isSame = answer.Calls.Zip(message.ToolCalls).All(pair => pair.First.Id == pair.Second.Id && pair.First.Name == pair.Second.Name && IsSameJson(pair.First.Arguments, pair.Second.Arguments));
        bool isSameText = content.Length == 0 || content.AsSpan().Trim().SequenceEqual(answer.Content.AsSpan().Trim());
        return isSame && isSameText ? answer : null;
    }

    // The order of keys and the spelling of numbers do not matter.
    private static bool IsSameJson(string one, string other)
    {
        if (one == other) return true;
        return PythonJson.TryParse(one, out System.Text.Json.JsonElement first) && PythonJson.TryParse(other, out System.Text.Json.JsonElement second)
            && System.Text.Json.JsonElement.DeepEquals(first, second);
    }

    private void Take(Answer answer)
    {
        lock (gate)
        {
            byText[Key(answer.Space, answer.Text)] = answer.Tokens;
            if (answer.Reasoning is not null) byText[Key(answer.Space, answer.Rest)] = [.. answer.Tokens.Skip(answer.ContentStart)];
            foreach (ChatToolCall call in answer.Calls) byCall[Key(answer.Space, call.Id)] = answer;
            if (answer.Calls.Count == 0 && answer.Content.Length > 0) byContent[Key(answer.Space, answer.Context + answer.Content)] = answer;
            oldest.Enqueue(answer);
            if (oldest.Count > Capacity) Forget(oldest.Dequeue());
        }
    }

    private void Forget(Answer answer)
    {
        byText.Remove(Key(answer.Space, answer.Text));
        byText.Remove(Key(answer.Space, answer.Rest));
        foreach (ChatToolCall call in answer.Calls) byCall.Remove(Key(answer.Space, call.Id));
        string place = Key(answer.Space, answer.Context + answer.Content);
        if (byContent.GetValueOrDefault(place) == answer) byContent.Remove(place);
    }

    private static string After(string context, ChatMessage message) => message.Role is "user" or "tool" ? Key(context, $"{message.Role} {TextOf(message)}") : context;

    private static string TextOf(ChatMessage message) => message.Parts is { } parts ? string.Join("\n\n", parts.Select(part => part.Text)) : message.Content ?? string.Empty;

    private static string Key(string space, string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{space}\0{text}")).AsSpan(0, 16));
}
