using System.Globalization;
using System.Text.Json.Nodes;

namespace Fathom.Server.Chat;

/// <summary>Conversations and messages as the page gets them, and as they are exported.</summary>
internal static class ChatJsonForms
{
    /// <summary>A conversation without its messages.</summary>
    public static JsonObject Of(ChatHead head)
    {
        var json = new JsonObject { ["id"] = head.Id, ["title"] = head.Title, ["system"] = head.System, ["leaf"] = head.Leaf, ["created"] = Time(head.Created), ["updated"] = Time(head.Updated) };
        if (head.Snippet is { } snippet) json["snippet"] = snippet;
        return json;
    }

    /// <summary>A conversation with its messages.</summary>
    public static JsonObject Of(ChatHead head, IEnumerable<ChatNode> nodes)
    {
        JsonObject json = Of(head);
        json["messages"] = new JsonArray([.. nodes.Select(node => (JsonNode)Of(node))]);
        return json;
    }

    /// <summary>A message.</summary>
    public static JsonObject Of(ChatNode node)
    {
        var json = new JsonObject
        {
            ["id"] = node.Id,
            ["parent"] = node.Parent,
            ["role"] = node.Role,
            ["content"] = node.Content,
            ["state"] = ChatStore.Word(node.State),
            ["created"] = Time(node.Created),
        };
        if (node.Reasoning.Length > 0) json["reasoning"] = node.Reasoning;
        if (node.Files.Count > 0) json["files"] = new JsonArray([.. node.Files.Select(file => (JsonNode)new JsonObject { ["name"] = file.Name, ["text"] = file.Text })]);
        if (node.Numbers is { } numbers) json["numbers"] = Of(numbers);
        if (node.Error is { } error) json["error"] = error;
        return json;
    }

    /// <summary>Token counts and times.</summary>
    public static JsonObject Of(ChatNumbers numbers) => new()
    {
        ["prompt_tokens"] = numbers.PromptTokens,
        ["cached_tokens"] = numbers.CachedTokens,
        ["answer_tokens"] = numbers.AnswerTokens,
        ["reasoning_tokens"] = numbers.ReasoningTokens,
        ["prefill_rate"] = Math.Round(numbers.PrefillRate, 2),
        ["decode_rate"] = Math.Round(numbers.DecodeRate, 2),
        ["thinking_seconds"] = Math.Round(numbers.ThinkingSeconds, 2),
        ["seconds"] = Math.Round(numbers.Seconds, 2),
        ["finish_reason"] = numbers.FinishReason,
    };

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
}
