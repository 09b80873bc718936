using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fathom.Documents;
using Fathom.Server.Chat.Attaching;

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
        if (node.Documents.Count > 0) json["documents"] = new JsonArray([.. node.Documents.Select(document => (JsonNode)Of(document))]);
        if (node.Notes.Length > 0) json["notes"] = node.Notes;
        if (node.Sources is { } sources) json["sources"] = JsonNode.Parse(sources);
        if (node.Numbers is { } numbers) json["numbers"] = Of(numbers);
        if (node.Error is { } error) json["error"] = error;
        return json;
    }

    /// <summary>A document without its text.</summary>
    public static JsonObject Of(ChatDocument document) =>
        new() { ["id"] = document.Id, ["path"] = document.Path, ["kind"] = Word(document.Kind), ["pages"] = document.Pages, ["characters"] = document.Characters };

    /// <summary>The word of a kind of document.</summary>
    public static string Word(DocumentKind kind) => JsonNamingPolicy.SnakeCaseLower.ConvertName(kind.ToString());

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
