using System.Text.Json;
using Fathom.Inference;
using Fathom.Server.Errors;
using Fathom.Server.Requests;
using Fathom.Text;

namespace Fathom.Server.Dialects.Anthropic;

/// <summary>Reads a request in Anthropic's dialect (interface specification, section 5.1).</summary>
internal static class MessagesRequest
{
    /// <summary>Reads it.</summary>
    public static ChatCall Read(JsonFields fields, RequestContext context)
    {
        string model = context.Names.Check(fields.Text("model"), Dialect.Anthropic);
        JsonElement? effort = fields.Object("output_config")?.Any("effort");
        (ThinkingMode, string?) thinking = ThinkingFields.Read(fields, effort, model, context.Options.DefaultMode(Dialect.Anthropic), context.Model.ChatFormat);
        ToolOffer offer = AnthropicTools.Read(fields);
        OutputForm form = (fields.Object("output_config")?.Object("format") ?? fields.Object("output_format")) is { } format ? OutputForms.ReadFormat(format) : OutputForm.Any;
        bool isSerial = fields.Object("tool_choice")?.Flag("disable_parallel_tool_use") ?? false;
        return new ChatCall
        {
            Model = model,
            User = fields.Object("metadata")?.Text("user_id"),
            Messages = context.Arrange([.. System(fields), .. Messages(fields)], offer, form),
            Streams = fields.Flag("stream") ?? false,
            OneCallOnly = isSerial,
            Options = context.Answering(thinking, "toolu_", form, offer, SamplingFields.Read(fields, fields.Whole("max_tokens", 0), "stop_sequences", context.Options)),
        };
    }

    private static IEnumerable<ChatMessage> System(JsonFields fields)
    {
        if (fields.Any("system") is not { } system) yield break;
        if (system.ValueKind == JsonValueKind.String) yield return ChatMessage.Of("system", system.GetString()!);
        else foreach (JsonFields block in fields.Items("system")) yield return ChatMessage.Of("system", block.Text("text") ?? string.Empty);
    }

    private static List<ChatMessage> Messages(JsonFields fields)
    {
        if (fields.Array("messages") is not { } list || list.GetArrayLength() == 0) throw ApiException.BadField("messages", "messages: at least one message is required");
        var messages = new List<ChatMessage>();
        int index = 0, count = list.GetArrayLength();
        foreach (JsonFields message in fields.Items("messages"))
        {
            index++;
            if (message.Value.ValueKind != JsonValueKind.Object) throw ApiException.BadField(message.Path, $"{message.Path} must be an object");
            switch (message.Text("role"))
            {
                case "user":
                    messages.AddRange(User(message));
                    break;
                case "assistant":
                    messages.Add(Assistant(message, isLast: index == count));
                    break;
                case "system":
                    messages.Add(ChatMessage.Of("system", Text(message)));
                    break;
                case { } other:
                    throw ApiException.BadField(message.NameOf("role"), $"{message.NameOf("role")} must be user or assistant, not '{other}'");
                default:
                    throw ApiException.BadField(message.NameOf("role"), $"{message.NameOf("role")} is missing");
            }
        }

        return messages;
    }

    // Results of tools become messages of their own; texts around them stay in order.
    private static IEnumerable<ChatMessage> User(JsonFields message)
    {
        if (message.Any("content") is not { ValueKind: JsonValueKind.Array })
        {
            yield return ChatMessage.Of("user", message.Text("content") ?? string.Empty);
            yield break;
        }

        var texts = new List<ChatContentPart>();
        bool isEmpty = true;
        foreach (JsonFields block in message.Items("content"))
        {
            if (block.Text("type") == "tool_result")
            {
                if (texts.Count > 0) yield return new ChatMessage { Role = "user", Parts = [.. texts] };
                texts.Clear();
                isEmpty = false;
                yield return Result(block);
            }
            else if (TextOf(block) is { } text)
            {
                texts.Add(new ChatContentPart("text", text));
            }
        }

        if (texts.Count > 0 || isEmpty) yield return new ChatMessage { Role = "user", Parts = [.. texts] };
    }

    private static ChatMessage Result(JsonFields block)
    {
        string text = block.Any("content") is { ValueKind: JsonValueKind.Array } ? string.Join("\n\n", block.Items("content").Select(ResultText)) : block.Text("content") ?? string.Empty;
        bool isError = block.Flag("is_error") == true && !text.StartsWith("Error", StringComparison.OrdinalIgnoreCase);
        string id = block.Text("tool_use_id") ?? throw ApiException.BadField(block.NameOf("tool_use_id"), $"{block.NameOf("tool_use_id")} is missing");
        return new ChatMessage { Role = "tool", ToolCallId = id, Content = isError ? $"Error: {text}" : text };
    }

    private static string ResultText(JsonFields block) => block.Text("type") switch
    {
        "text" => block.Text("text") ?? string.Empty,
        "tool_reference" => block.Text("tool_name") ?? block.Text("name") ?? string.Empty,
        { } other => block.Text("text") ?? $"[Unsupported {other}]",
        null => string.Empty,
    };

    private static ChatMessage Assistant(JsonFields message, bool isLast)
    {
        if (message.Any("content") is not { ValueKind: JsonValueKind.Array })
            return new ChatMessage { Role = "assistant", Content = message.Text("content") ?? string.Empty, IsOpenEnded = isLast };
        List<string> texts = [], thoughts = [];
        var calls = new List<ChatToolCall>();
        foreach (JsonFields block in message.Items("content"))
        {
            switch (block.Text("type"))
            {
                case "thinking":
                    thoughts.Add(block.Text("thinking") ?? string.Empty);
                    break;
                case "redacted_thinking":
                    break;
                case "tool_use":
                    calls.Add(new ChatToolCall(block.Text("id") ?? string.Empty, block.Text("name") ?? string.Empty, block.Any("input")?.GetRawText() ?? "{}"));
                    break;
                default:
                    if (TextOf(block) is { } text) texts.Add(text);
                    break;
            }
        }

        return new ChatMessage
        {
            Role = "assistant",
            Content = string.Join("\n\n", texts),
            ReasoningContent = thoughts.Count > 0 ? string.Join("\n\n", thoughts) : null,
            ToolCalls = calls,
            IsOpenEnded = isLast && calls.Count == 0,
        };
    }

    private static string Text(JsonFields message) =>
        message.Any("content") is { ValueKind: JsonValueKind.Array } ? string.Join("\n\n", message.Items("content").Select(TextOf).OfType<string>()) : message.Text("content") ?? string.Empty;

    // Images and documents are refused; of what else is unknown, the text counts.
    private static string? TextOf(JsonFields block) => block.Text("type") is { } type and ("image" or "document")
        ? throw ApiException.BadField(block.Path, $"{block.Path}: this model cannot read a block of type '{type}'; send text")
        : block.Text("text");
}
