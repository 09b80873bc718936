using System.Text.Json;
using Fathom.Inference;
using Fathom.Server.Errors;
using Fathom.Server.Requests;
using Fathom.Text;

namespace Fathom.Server.Dialects.OpenAI;

/// <summary>Reads a request for a chat completion (interface specification, section 2.1).</summary>
internal static class ChatCompletionsRequest
{
    private const int MostAnswers = 16;
    private const int MostTop = 20;

    /// <summary>Reads it.</summary>
    public static ChatCall Read(JsonFields fields, RequestContext context)
    {
        string model = context.Names.Check(fields.Text("model"));
        if (fields.Array("modalities") is { } modalities && modalities.EnumerateArray().Any(one => one.ValueKind == JsonValueKind.String && one.ValueEquals("audio")))
            throw ApiException.BadField("modalities", "This model cannot speak; leave 'audio' out of 'modalities'.");
        (ThinkingMode, string?) thinking = ThinkingFields.Read(fields, fields.Any("reasoning_effort"), model, context.Options.DefaultMode(Dialect.OpenAI), context.Model.ChatFormat);
        ToolOffer offer = OpenAITools.Read(fields);
        OutputForm form = OutputForms.ReadOpenAI(fields);
        IReadOnlyList<ChatMessage> said = Messages(fields);
        IReadOnlyList<ChatMessage> messages = context.Arrange(said, offer, form);
        int? top = fields.Flag("logprobs") == true ? fields.Whole("top_logprobs", 0, MostTop) ?? 0 : null;
        return new ChatCall
        {
            Model = model,
            User = fields.Text("user_id") ?? fields.Text("user"),
            Messages = messages,
            Streams = fields.Flag("stream") ?? false,
            Count = fields.Whole("n", 1) is { } count ? count <= MostAnswers ? count : throw ApiException.BadField("n", $"'n' must be at most {MostAnswers}, not {count}.") : 1,
            IncludesUsage = fields.Object("stream_options")?.Flag("include_usage") ?? false,
            IncludesTimings = fields.Flag("timings") ?? fields.Flag("timings_per_token") ?? false,
            TellsProgress = fields.Flag("return_progress") ?? false,
            OneCallOnly = fields.Flag("parallel_tool_calls") == false,
            Options = context.Answering(thinking, "call_", form, offer, SamplingFields.Read(fields, fields.Whole("max_completion_tokens", 1) ?? fields.Whole("max_tokens", 1), "stop", context.Options) with { LogProbabilities = top }),
        };
    }

    private static List<ChatMessage> Messages(JsonFields fields)
    {
        JsonElement list = fields.Array("messages") ?? throw ApiException.BadField("messages", "'messages' is missing; send the conversation as an array of messages.");
        if (list.GetArrayLength() == 0) throw ApiException.BadField("messages", "'messages' is empty; send at least one message.");
        bool continues = fields.Flag("continue_final_message") ?? false;
        IReadOnlyList<ChatMessage> read = ChatJson.ReadMessages(list);
        List<ChatMessage> messages = [];
        int index = 0;
        foreach (JsonElement entry in list.EnumerateArray())
        {
            ChatMessage message = read[index++];
            bool isLast = index == read.Count;
            if (message.Role is not ("system" or "developer" or "user" or "assistant" or "tool" or "function" or "latest_reminder"))
                throw ApiException.BadField($"messages[{index - 1}].role", $"'messages[{index - 1}].role' must be system, developer, user, assistant or tool, not '{message.Role}'.");
            messages.Add(Mend(entry, message with { Tools = [], ResponseFormat = null, Task = null }, messages, isLast && (continues || message.IsOpenEnded)));
        }

        return messages;
    }

    private static ChatMessage Mend(JsonElement entry, ChatMessage message, List<ChatMessage> before, bool continues)
    {
        if (message.Parts is { } parts) message = message with { Parts = [.. parts.Select(part => part.Type == "refusal" ? new ChatContentPart("text", part.Text ?? string.Empty) : part)] };
        if (message.Role == "assistant" && message.ToolCalls.Count == 0 && entry.TryGetProperty("function_call", out JsonElement call) && call.ValueKind == JsonValueKind.Object)
            message = message with { ToolCalls = [LegacyCall(call)] };
        if (message.Role == "function") message = message with { Role = "tool", ToolCallId = before.LastOrDefault(one => one.ToolCalls.Count > 0)?.ToolCalls[^1].Id };
        return message with { IsOpenEnded = message.Role == "assistant" && continues };
    }

    private static ChatToolCall LegacyCall(JsonElement call)
    {
        string Text(string field) => call.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : string.Empty;
        return new ChatToolCall("call_legacy", Text("name"), Text("arguments"));
    }
}
