using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fathom.Inference;
using Fathom.Server.Requests;
using Fathom.Text;

namespace Fathom.Server.Dialects.Responses;

/// <summary>An item of a response's output, while it grows and when it is done. Its id stays the same.</summary>
internal sealed class ResponseItem(string kind, int index, ToolKind? tool = null)
{
    /// <summary>reasoning, message or call.</summary>
    public string Kind => kind;

    /// <summary>Its place in the output.</summary>
    public int Index => index;

    /// <summary>What the client knows the called tool as; null for a plain function.</summary>
    public ToolKind? Tool => tool;

    /// <summary>Its id.</summary>
    public string Id { get; } = RequestIds.New(kind switch { "reasoning" => "rs_", "message" => "msg_", _ => tool?.Type is "custom" ? "ctc_" : "fc_" });

    /// <summary>Its text, or the arguments of its call.</summary>
    public StringBuilder Text { get; } = new();

    /// <summary>Log-probabilities of its text's tokens; empty when nobody asked.</summary>
    public List<JsonObject> Logprobs { get; } = [];

    /// <summary>The id that the result of the call will name.</summary>
    public string CallId { get; init; } = string.Empty;

    /// <summary>The called tool, as the client knows it.</summary>
    public string Name { get; init; } = string.Empty;

    /// <summary>The item as JSON.</summary>
    /// <param name="status">in_progress, completed or incomplete.</param>
    /// <param name="wantsSummary">Whether reasoning is shown as a summary.</param>
    public JsonObject ToJson(string status, bool wantsSummary)
    {
        bool isDone = status != "in_progress";
        string text = isDone ? Text.ToString() : string.Empty;
        switch (kind)
        {
            case "reasoning":
                JsonArray parts = isDone && text.Length > 0 ? [Part(text)] : [];
                return new JsonObject
                {
                    ["id"] = Id,
                    ["type"] = "reasoning",
                    ["summary"] = wantsSummary && isDone ? new JsonArray(new JsonObject { ["type"] = "summary_text", ["text"] = text }) : new JsonArray(),
                    ["content"] = wantsSummary ? new JsonArray() : parts,
                    ["encrypted_content"] = isDone ? SealedReasoning.Seal(text) : null,
                    ["status"] = status,
                };
            case "message":
                return new JsonObject { ["id"] = Id, ["type"] = "message", ["role"] = "assistant", ["status"] = status, ["content"] = isDone ? new JsonArray(Part(text)) : [] };
            default:
                return Call(status, text);
        }
    }

    /// <summary>A part of the item's content.</summary>
    public JsonObject Part(string text) => kind == "reasoning"
        ? new JsonObject { ["type"] = "reasoning_text", ["text"] = text }
        : new JsonObject { ["type"] = "output_text", ["text"] = text, ["annotations"] = new JsonArray(), ["logprobs"] = ProbabilitiesFrom(0) };

    /// <summary>Log-probabilities from a place on.</summary>
    public JsonArray ProbabilitiesFrom(int start) => [.. Logprobs.Skip(start).Select(one => one.DeepClone())];

    /// <summary>The one text of a tool that takes free text.</summary>
    public string FreeText() => PythonJson.TryParse(Text.ToString(), out JsonElement value) && value.ValueKind == JsonValueKind.Object && value.TryGetProperty("input", out JsonElement input) && input.ValueKind == JsonValueKind.String
        ? input.GetString()!
        : Text.ToString();

    private JsonObject Call(string status, string text)
    {
        switch (tool?.Type)
        {
            case "custom":
                return new JsonObject { ["id"] = Id, ["type"] = "custom_tool_call", ["status"] = status, ["call_id"] = CallId, ["name"] = Name, ["input"] = text.Length > 0 ? FreeText() : string.Empty };
            case "local_shell":
                JsonArray command = text.Length > 0 ? ["bash", "-c", FreeText()] : [];
                return new JsonObject { ["id"] = Id, ["type"] = "local_shell_call", ["status"] = status, ["call_id"] = CallId, ["action"] = new JsonObject { ["type"] = "exec", ["command"] = command, ["env"] = new JsonObject() } };
            default:
                var call = new JsonObject { ["id"] = Id, ["type"] = "function_call", ["status"] = status, ["call_id"] = CallId, ["name"] = Name, ["arguments"] = text };
                if (tool?.Namespace is { } space) call["namespace"] = space;
                return call;
        }
    }
}

/// <summary>Response objects.</summary>
internal static class ResponseBodies
{
    /// <summary>A response without output.</summary>
    public static JsonObject Head(string id, long created, string status, JsonObject echo)
    {
        var body = new JsonObject { ["id"] = id, ["object"] = "response", ["created_at"] = created, ["completed_at"] = null, ["status"] = status };
        foreach ((string name, JsonNode? value) in echo) body[name] = value?.DeepClone();
        return body;
    }

    /// <summary>Fills in the end.</summary>
    public static JsonObject Finish(JsonObject head, IEnumerable<JsonObject> output, GenerationCompleted completed)
    {
        bool isCut = completed.FinishReason == FinishReason.Length;
        head["status"] = isCut ? "incomplete" : "completed";
        head["completed_at"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        if (isCut) head["incomplete_details"] = new JsonObject { ["reason"] = "max_output_tokens" };
        head["output"] = new JsonArray([.. output]);
        Usage usage = completed.Usage;
        head["usage"] = new JsonObject
        {
            ["input_tokens"] = usage.PromptTokens,
            ["input_tokens_details"] = new JsonObject { ["cached_tokens"] = usage.CachedTokens },
            ["output_tokens"] = usage.SampledTokens,
            ["output_tokens_details"] = new JsonObject { ["reasoning_tokens"] = usage.ReasoningTokens },
            ["total_tokens"] = usage.PromptTokens + usage.SampledTokens,
        };
        return head;
    }
}
