using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Fathom.Text;

/// <summary>Messages as JSON, in the spelling of OpenAI's interface with DeepSeek's fields.</summary>
public static class ChatJson
{
    private const int MaxDepth = 64;

    /// <summary>How JSON is written: indented, and readable in every script.</summary>
    public static JsonSerializerOptions Readable { get; } = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Parses JSON text of a conversation or of tools.</summary>
    /// <param name="json">The text.</param>
    /// <param name="what">What it is, for the message of an error.</param>
    /// <exception cref="ChatFormatException">The text is not JSON.</exception>
    public static JsonElement Parse(string json, string what)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(WithWholeSurrogates(json), new JsonDocumentOptions { MaxDepth = MaxDepth });
            return document.RootElement.Clone();
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            throw new ChatFormatException($"{what} is not well-formed JSON; there is an error{JsonPlace.Of(exception)}.", exception);
        }
    }

    /// <summary>Reads a list of messages.</summary>
    /// <exception cref="ChatFormatException">A message does not have the form.</exception>
    public static IReadOnlyList<ChatMessage> ReadMessages(JsonElement list)
    {
        if (list.ValueKind != JsonValueKind.Array) throw new ChatFormatException($"Expected an array of messages, found {KindOf(list)}.");
        var messages = new List<ChatMessage>(list.GetArrayLength());
        foreach (JsonElement entry in list.EnumerateArray()) messages.Add(ReadMessage(entry, $"messages[{messages.Count}]"));
        return messages;
    }

    /// <summary>Reads a list of tools: objects with a <c>function</c>, or the function objects themselves.</summary>
    /// <exception cref="ChatFormatException">A tool does not have the form.</exception>
    public static IReadOnlyList<ChatTool> ReadTools(JsonElement list)
    {
        if (list.ValueKind == JsonValueKind.Null) return [];
        if (list.ValueKind != JsonValueKind.Array) throw new ChatFormatException($"Expected an array of tools, found {KindOf(list)}.");
        var tools = new List<ChatTool>();
        foreach (JsonElement entry in list.EnumerateArray())
        {
            if (entry.ValueKind != JsonValueKind.Object) throw new ChatFormatException($"Expected tools[{tools.Count}] to be an object, found {KindOf(entry)}.");
            JsonElement function = entry.TryGetProperty("function", out JsonElement inner) ? inner : entry;
            if (function.ValueKind != JsonValueKind.Object) throw new ChatFormatException($"Expected tools[{tools.Count}].function to be an object, found {KindOf(function)}.");
            tools.Add(new ChatTool(function.Clone()));
        }

        return tools;
    }

    /// <summary>Offers tools on the first message when that is a system message, else on an empty one put in front (chat specification, section 2.12).</summary>
    public static IReadOnlyList<ChatMessage> WithTools(IReadOnlyList<ChatMessage> messages, IReadOnlyList<ChatTool> tools)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ArgumentNullException.ThrowIfNull(tools);
        if (tools.Count == 0) return messages;
        bool hasSystem = messages.Count > 0 && messages[0].Role == "system";
        ChatMessage first = hasSystem ? messages[0] : ChatMessage.Of("system", string.Empty);
        return [first with { Tools = [.. first.Tools, .. tools] }, .. messages.Skip(hasSystem ? 1 : 0)];
    }

    /// <summary>Writes a message; fields without a value are left out, save content, reasoning and calls of an assistant.</summary>
    public static void Write(Utf8JsonWriter writer, ChatMessage message)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(message);
        writer.WriteStartObject();
        writer.WriteString("role", message.Role);
        WriteContent(writer, message);
        if (message.Role == "assistant") WriteAnswer(writer, message);
        if (message.ToolCallId is not null) writer.WriteString("tool_call_id", message.ToolCallId);
        if (message.Tools.Count > 0) WriteTools(writer, message.Tools);
        if (message.ResponseFormat is { } format)
        {
            writer.WritePropertyName("response_format");
            format.WriteTo(writer);
        }

        if (message.Task is not null) writer.WriteString("task", message.Task);
        if (message.IsOpenEnded) writer.WriteBoolean("wo_eos", true);
        writer.WriteEndObject();
    }

    // A lone surrogate, which JavaScript's JSON may hold as an escape, counts as U+FFFD, as everywhere in Fathom.
    private static string WithWholeSurrogates(string json)
    {
        char[]? mended = null;
        for (int i = json.IndexOf('\\', StringComparison.Ordinal); i >= 0 && i + 1 < json.Length; i = json.IndexOf('\\', i))
        {
            int unit = EscapedUnit(json, i);
            bool isPair = unit is >= 0xD800 and <= 0xDBFF && EscapedUnit(json, i + 6) is >= 0xDC00 and <= 0xDFFF;
            if (unit is >= 0xD800 and <= 0xDFFF && !isPair)
            {
                mended ??= json.ToCharArray();
                "\\uFFFD".CopyTo(mended.AsSpan(i));
            }

            i = Math.Min(json.Length, i + (unit < 0 ? 2 : isPair ? 12 : 6));
        }

        return mended is null ? json : new string(mended);
    }

    // The code unit of an escape \uXXXX, or −1.
    private static int EscapedUnit(string json, int i) =>
        i + 6 <= json.Length && json[i] == '\\' && json[i + 1] == 'u' && int.TryParse(json.AsSpan(i + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int unit) ? unit : -1;

    private static void WriteContent(Utf8JsonWriter writer, ChatMessage message)
    {
        if (message.Parts is not { } parts)
        {
            writer.WriteString("content", message.Content);
            return;
        }

        writer.WriteStartArray("content");
        foreach (ChatContentPart part in parts)
        {
            writer.WriteStartObject();
            writer.WriteString("type", part.Type);
            if (part.Text is not null) writer.WriteString("text", part.Text);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteAnswer(Utf8JsonWriter writer, ChatMessage message)
    {
        writer.WriteString("reasoning_content", message.ReasoningContent ?? string.Empty);
        writer.WriteStartArray("tool_calls");
        foreach (ChatToolCall call in message.ToolCalls)
        {
            writer.WriteStartObject();
            if (call.Id.Length > 0) writer.WriteString("id", call.Id);
            writer.WriteString("type", "function");
            writer.WriteStartObject("function");
            writer.WriteString("name", call.Name);
            writer.WriteString("arguments", call.Arguments);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteTools(Utf8JsonWriter writer, IReadOnlyList<ChatTool> tools)
    {
        writer.WriteStartArray("tools");
        foreach (ChatTool tool in tools)
        {
            writer.WriteStartObject();
            writer.WriteString("type", "function");
            writer.WritePropertyName("function");
            tool.Function.WriteTo(writer);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static ChatMessage ReadMessage(JsonElement entry, string where)
    {
        if (entry.ValueKind != JsonValueKind.Object) throw new ChatFormatException($"Expected {where} to be an object, found {KindOf(entry)}.");
        (string? content, List<ChatContentPart>? parts) = ReadContent(entry, where);
        return new ChatMessage
        {
            Role = Text(entry, "role", where) ?? throw new ChatFormatException($"Expected {where} to have a role, found none."),
            Content = content,
            Parts = parts,
            ReasoningContent = Text(entry, "reasoning_content", where) ?? Text(entry, "reasoning", where),
            ToolCalls = entry.TryGetProperty("tool_calls", out JsonElement calls) ? ReadCalls(calls, where) : [],
            ToolCallId = Text(entry, "tool_call_id", where),
            Tools = entry.TryGetProperty("tools", out JsonElement tools) ? ReadTools(tools) : [],
            ResponseFormat = entry.TryGetProperty("response_format", out JsonElement format) && format.ValueKind != JsonValueKind.Null ? format.Clone() : null,
            Task = Text(entry, "task", where),
            IsOpenEnded = Flag(entry, "wo_eos") || Flag(entry, "prefix"),
        };
    }

    private static (string? Content, List<ChatContentPart>? Parts) ReadContent(JsonElement entry, string where)
    {
        if (!entry.TryGetProperty("content", out JsonElement value) || value.ValueKind == JsonValueKind.Null) return (null, null);
        if (value.ValueKind == JsonValueKind.String) return (value.GetString(), null);
        if (value.ValueKind != JsonValueKind.Array) throw new ChatFormatException($"Expected {where}.content to be a string or an array of parts, found {KindOf(value)}.");
        var parts = new List<ChatContentPart>();
        foreach (JsonElement part in value.EnumerateArray())
        {
            string at = $"{where}.content[{parts.Count}]";
            if (part.ValueKind != JsonValueKind.Object) throw new ChatFormatException($"Expected {at} to be an object, found {KindOf(part)}.");
            parts.Add(new ChatContentPart(Text(part, "type", at) ?? throw new ChatFormatException($"Expected {at} to have a type, found none."), Text(part, "text", at)));
        }

        return (null, parts);
    }

    private static List<ChatToolCall> ReadCalls(JsonElement list, string where)
    {
        var calls = new List<ChatToolCall>();
        if (list.ValueKind == JsonValueKind.Null) return calls;
        if (list.ValueKind != JsonValueKind.Array) throw new ChatFormatException($"Expected {where}.tool_calls to be an array, found {KindOf(list)}.");
        foreach (JsonElement entry in list.EnumerateArray())
        {
            string at = $"{where}.tool_calls[{calls.Count}]";
            if (entry.ValueKind != JsonValueKind.Object) throw new ChatFormatException($"Expected {at} to be an object, found {KindOf(entry)}.");
            JsonElement function = entry.TryGetProperty("function", out JsonElement inner) ? inner : entry;
            if (function.ValueKind != JsonValueKind.Object) throw new ChatFormatException($"Expected {at}.function to be an object, found {KindOf(function)}.");
            string name = Text(function, "name", at) ?? throw new ChatFormatException($"Expected {at} to name a function, found no name.");
            calls.Add(new ChatToolCall(Text(entry, "id", at) ?? string.Empty, name, Arguments(function, at)));
        }

        return calls;
    }

    // A JSON text, as OpenAI has it; some clients send the object itself.
    private static string Arguments(JsonElement function, string where)
    {
        if (!function.TryGetProperty("arguments", out JsonElement value) || value.ValueKind == JsonValueKind.Null) return "{}";
        return value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!,
            JsonValueKind.Object => value.GetRawText(),
            _ => throw new ChatFormatException($"Expected {where}.arguments to be JSON text or an object, found {KindOf(value)}."),
        };
    }

    private static string? Text(JsonElement parent, string name, string where)
    {
        if (!parent.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null) return null;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw new ChatFormatException($"Expected {where}.{name} to be a string, found {KindOf(value)}.");
    }

    private static bool Flag(JsonElement parent, string name) => parent.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.True;

    /// <summary>What a JSON value is, in words for a message.</summary>
    public static string KindOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };
}
