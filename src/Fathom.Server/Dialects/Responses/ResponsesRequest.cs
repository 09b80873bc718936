using System.Text.Json;
using System.Text.Json.Nodes;
using Fathom.Inference;
using Fathom.Server.Errors;
using Fathom.Server.Requests;
using Fathom.Text;

namespace Fathom.Server.Dialects.Responses;

/// <summary>Reads a request of OpenAI's Responses (interface specification, section 4.1). The server keeps no conversations: all input comes with each request.</summary>
internal static class ResponsesRequest
{
    private const int MostTop = 20;

    /// <summary>Reads it.</summary>
    public static ChatCall Read(JsonFields fields, RequestContext context)
    {
        string model = context.Names.Check(fields.Text("model"));
        foreach (string field in (string[])["previous_response_id", "conversation"])
        {
            if (fields.Any(field) is not null) throw Unsupported(field, $"This server keeps no conversations, so '{field}' means nothing here; send the full input.");
        }

        if (fields.Flag("background") == true) throw Unsupported("background", "This server does not answer in the background; leave 'background' out.");
        JsonFields? reasoning = fields.Object("reasoning");
        (ThinkingMode, string?) thinking = ThinkingFields.Read(fields, reasoning?.Any("effort"), model, context.Options.DefaultMode(Dialect.OpenAI), context.Model.ChatFormat);
        ToolOffer offer = ResponseTools.Read(fields);
        OutputForm form = fields.Object("text")?.Object("format") is { } format ? OutputForms.ReadFormat(format) : OutputForm.Any;
        List<ChatMessage> messages = [];
        if (fields.Text("instructions") is { Length: > 0 } instructions) messages.Add(ChatMessage.Of("system", instructions));
        messages.AddRange(ResponseInput.Read(fields, offer));
        if (messages.TrueForAll(message => message.Role == "system")) messages.Add(ChatMessage.Of("user", string.Empty));
        int top = fields.Whole("top_logprobs", 0, MostTop) ?? 0;
        bool wantsLogprobs = fields.Texts("include", 100).Contains("message.output_text.logprobs");
        bool isSerial = fields.Flag("parallel_tool_calls") == false;
        return new ChatCall
        {
            Model = model,
            User = fields.Text("user"),
            Messages = context.Arrange(messages, offer, form),
            Streams = fields.Flag("stream") ?? false,
            WantsSummary = reasoning?.Text("summary") is { Length: > 0 } summary && summary != "none",
            ToolKinds = offer.Kinds,
            OneCallOnly = isSerial,
            Options = context.Answering(thinking, "call_", form, offer, SamplingFields.Read(fields, fields.Whole("max_output_tokens", 1), "stop", context.Options) with { LogProbabilities = wantsLogprobs ? top : null }),
        };
    }

    /// <summary>What the answer repeats of the request.</summary>
    public static JsonObject Echo(JsonFields fields, ChatCall call)
    {
        JsonNode? Copy(string field) => fields.Any(field) is { } value ? JsonNode.Parse(value.GetRawText()) : null;
        return new JsonObject
        {
            ["background"] = false,
            ["error"] = null,
            ["incomplete_details"] = null,
            ["instructions"] = Copy("instructions"),
            ["max_output_tokens"] = Copy("max_output_tokens"),
            ["max_tool_calls"] = null,
            ["model"] = call.Model,
            ["output"] = new JsonArray(),
            ["parallel_tool_calls"] = !call.OneCallOnly,
            ["previous_response_id"] = null,
            ["prompt_cache_key"] = Copy("prompt_cache_key"),
            ["reasoning"] = new JsonObject { ["effort"] = fields.Object("reasoning")?.Any("effort") is { ValueKind: JsonValueKind.String } effort ? effort.GetString() : null, ["summary"] = fields.Object("reasoning")?.Text("summary") },
            ["service_tier"] = "default",
            ["store"] = false,
            ["temperature"] = call.Options.Generation.Sampling.Temperature,
            ["text"] = Copy("text") is JsonObject text ? Formatted(text) : Formatted([]),
            ["tool_choice"] = Copy("tool_choice") ?? "auto",
            ["tools"] = Copy("tools") ?? new JsonArray(),
            ["top_logprobs"] = call.Options.Generation.LogProbabilities ?? 0,
            ["top_p"] = call.Options.Generation.Sampling.TopP,
            ["truncation"] = "disabled",
            ["usage"] = null,
            ["user"] = null,
            ["metadata"] = Copy("metadata") ?? new JsonObject(),
        };
    }

    private static JsonObject Formatted(JsonObject text)
    {
        text["format"] ??= new JsonObject { ["type"] = "text" };
        text["verbosity"] ??= "medium";
        return text;
    }

    private static ApiException Unsupported(string field, string message) => new(400, ApiException.InvalidRequest, message) { Field = field, Code = "unsupported_parameter" };
}
