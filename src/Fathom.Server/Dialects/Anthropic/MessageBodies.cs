using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Fathom.Inference;
using Fathom.Text;

namespace Fathom.Server.Dialects.Anthropic;

/// <summary>Parts of replies in Anthropic's dialect (interface specification, sections 1.8 and 5.2).</summary>
internal static class MessageBodies
{
    /// <summary>A message without content.</summary>
    public static JsonObject Head(string id, string model, JsonObject usage) => new()
    {
        ["id"] = id,
        ["type"] = "message",
        ["role"] = "assistant",
        ["model"] = model,
        ["content"] = new JsonArray(),
        ["stop_reason"] = null,
        ["stop_sequence"] = null,
        ["usage"] = usage,
    };

    /// <summary>Token counts: the three numbers of the input add up to the prompt.</summary>
    public static JsonObject Usage(int prompt, int cached, int written, int output) => new()
    {
        ["input_tokens"] = prompt - cached - written,
        ["cache_creation_input_tokens"] = written,
        ["cache_read_input_tokens"] = cached,
        ["cache_creation"] = new JsonObject { ["ephemeral_5m_input_tokens"] = written, ["ephemeral_1h_input_tokens"] = 0 },
        ["output_tokens"] = output,
        ["service_tier"] = "standard",
    };

    /// <summary>Token counts of an answer.</summary>
    public static JsonObject Usage(Usage usage) => Usage(usage.PromptTokens, usage.CachedTokens, 0, usage.SampledTokens);

    /// <summary>Why an answer ended.</summary>
    public static string StopReason(GenerationCompleted completed) => completed switch
    {
        { StopText: not null } => "stop_sequence",
        { FinishReason: FinishReason.Length } => "max_tokens",
        { FinishReason: FinishReason.ToolCalls } => "tool_use",
        _ => "end_turn",
    };

    /// <summary>A mark that goes with reasoning; clients send it back, and nobody looks into it.</summary>
    public static string Signature(string reasoning) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(reasoning)));

    /// <summary>The blocks of an answer.</summary>
    public static JsonArray Blocks(ChatMessage message)
    {
        var blocks = new JsonArray();
        if (message.ReasoningContent is { Length: > 0 } reasoning) blocks.Add(new JsonObject { ["type"] = "thinking", ["thinking"] = reasoning, ["signature"] = Signature(reasoning) });
        if (message.Content is { Length: > 0 } text) blocks.Add(new JsonObject { ["type"] = "text", ["text"] = text });
        foreach (ChatToolCall call in message.ToolCalls)
            blocks.Add(new JsonObject { ["type"] = "tool_use", ["id"] = call.Id, ["name"] = call.Name, ["input"] = Input(call.Arguments) });
        if (blocks.Count == 0) blocks.Add(new JsonObject { ["type"] = "text", ["text"] = string.Empty });
        return blocks;
    }

    private static JsonObject Input(string arguments) => PythonJson.TryParse(arguments, out _) && JsonNode.Parse(arguments) is JsonObject parsed ? parsed : new JsonObject { ["arguments"] = arguments };
}
