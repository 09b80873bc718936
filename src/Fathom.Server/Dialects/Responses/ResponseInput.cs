using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fathom.Server.Errors;
using Fathom.Server.Requests;
using Fathom.Text;

namespace Fathom.Server.Dialects.Responses;

/// <summary>Reads the input of a Responses request: a string, or items of which neighbours of the assistant make one turn.</summary>
internal static class ResponseInput
{
    /// <summary>Reads it.</summary>
    public static IEnumerable<ChatMessage> Read(JsonFields fields, ToolOffer offer)
    {
        if (fields.Any("input") is not { } input) return [];
        if (input.ValueKind == JsonValueKind.String) return [ChatMessage.Of("user", input.GetString()!)];
        if (input.ValueKind != JsonValueKind.Array) throw fields.Wrong("input", "a string or an array of items", input);
        var turns = new Turns();
        foreach (JsonFields item in fields.Items("input"))
        {
            if (item.Value.ValueKind != JsonValueKind.Object) throw ApiException.BadField(item.Path, $"'{item.Path}' must be an object.");
            Read(item, offer, turns);
        }

        return turns.All();
    }

    private static void Read(JsonFields item, ToolOffer offer, Turns turns)
    {
        switch (item.Text("type") ?? (item.Text("role") is null ? null : "message"))
        {
            case "message":
                string role = item.Text("role") ?? "user", text = TextOf(item, "content", isResult: false);
                if (role is not ("user" or "assistant" or "system" or "developer")) throw ApiException.BadField(item.NameOf("role"), $"'{item.NameOf("role")}' must be user, assistant, system or developer, not '{role}'.");
                if (role == "assistant") turns.Assistant().Content.Append(text);
                else turns.Add(ChatMessage.Of(role, text));
                break;
            case "reasoning":
                turns.Assistant().Reasoning.Append(Reasoning(item));
                break;
            case "function_call":
                turns.Assistant().Calls.Add(new ChatToolCall(item.Text("call_id") ?? item.Text("id") ?? string.Empty, Known(item, offer), item.Text("arguments") ?? "{}"));
                break;
            case "custom_tool_call":
                turns.Assistant().Calls.Add(new ChatToolCall(item.Text("call_id") ?? string.Empty, item.Text("name") ?? "custom", Free(item.Text("input") ?? string.Empty)));
                break;
            case "local_shell_call":
                turns.Assistant().Calls.Add(new ChatToolCall(item.Text("call_id") ?? item.Text("id") ?? string.Empty, "local_shell", Free(Command(item))));
                break;
            case "function_call_output" or "custom_tool_call_output" or "local_shell_call_output":
                turns.Add(new ChatMessage { Role = "tool", ToolCallId = item.Text("call_id") ?? item.Text("id"), Content = TextOf(item, "output", isResult: true) });
                break;
        }
    }

    // The model knows a function of a namespace under a longer name.
    private static string Known(JsonFields item, ToolOffer offer)
    {
        string name = item.Text("name") ?? string.Empty;
        string? space = item.Text("namespace");
        foreach ((string known, ToolKind kind) in offer.Kinds)
        {
            if (kind.Name == name && kind.Namespace is not null && (space is null || kind.Namespace == space)) return known;
        }

        return name;
    }

    private static string Free(string input) => new JsonObject { ["input"] = input }.ToJsonString(Streams.EventStream.Json);

    // The server's own shell calls carry their line as a command of a shell.
    private static string Command(JsonFields item)
    {
        IReadOnlyList<string> command = item.Object("action")?.Texts("command", 10_000) ?? [];
        return command is [_, "-c", { } line] ? line : string.Join(' ', command);
    }

    private static string Reasoning(JsonFields item)
    {
        string content = string.Concat(item.Items("content").Select(part => part.Text("text")));
        if (content.Length > 0) return content;
        if (item.Text("encrypted_content") is { } sealed1 && SealedReasoning.Open(sealed1) is { } text) return text;
        return string.Concat(item.Items("summary").Select(part => part.Text("text")));
    }

    private static string TextOf(JsonFields item, string field, bool isResult)
    {
        if (item.Any(field) is not { } content) return string.Empty;
        if (content.ValueKind == JsonValueKind.String) return content.GetString()!;
        if (content.ValueKind != JsonValueKind.Array) return content.GetRawText();
        return string.Join("\n\n", item.Items(field).Select(part => part.Text("type") switch
        {
            "refusal" => part.Text("refusal") ?? string.Empty,
            "input_image" or "input_file" or "input_audio" when !isResult => throw ApiException.BadField(part.Path, $"'{part.Path}': this model cannot read a part of type '{part.Text("type")}'; send text."),
            { } type when part.Text("text") is null => $"[Unsupported {type}]",
            _ => part.Text("text") ?? string.Empty,
        }));
    }

    /// <summary>Collects messages; what the assistant said in a row is one turn.</summary>
    private sealed class Turns
    {
        private readonly List<ChatMessage> messages = [];
        private AssistantTurn? open;

        public sealed class AssistantTurn
        {
            public StringBuilder Content { get; } = new();

            public StringBuilder Reasoning { get; } = new();

            public List<ChatToolCall> Calls { get; } = [];
        }

        public AssistantTurn Assistant() => open ??= new AssistantTurn();

        public void Add(ChatMessage message)
        {
            Close();
            messages.Add(message);
        }

        public List<ChatMessage> All()
        {
            Close();
            return messages;
        }

        private void Close()
        {
            if (open is null) return;
            string reasoning = open.Reasoning.ToString();
            messages.Add(new ChatMessage { Role = "assistant", Content = open.Content.ToString(), ReasoningContent = reasoning.Length > 0 ? reasoning : null, ToolCalls = open.Calls });
            open = null;
        }
    }
}
