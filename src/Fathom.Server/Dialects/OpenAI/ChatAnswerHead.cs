using System.Text.Json.Nodes;
using Fathom.Inference;
using Fathom.Text;

namespace Fathom.Server.Dialects.OpenAI;

/// <summary>What all parts of one chat completion have in common.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Model">The name that was asked for.</param>
/// <param name="Created">Seconds since 1970.</param>
/// <param name="Fingerprint">Tells model and profile from others.</param>
internal sealed record ChatAnswerHead(string Id, string Model, long Created, string Fingerprint)
{
    /// <summary>A head for a new answer.</summary>
    public static ChatAnswerHead New(string model, FathomModel served, string prefix = "chatcmpl-") =>
        new(RequestIds.New(prefix), model, DateTimeOffset.UtcNow.ToUnixTimeSeconds(), "fp_" + Convert.ToHexStringLower([.. served.Fingerprint.Take(5)]));

    /// <summary>A chunk of a stream.</summary>
    public JsonObject Chunk(IReadOnlyList<JsonObject> choices) => Body("chat.completion.chunk", choices);

    /// <summary>A whole answer, or a part of one.</summary>
    public JsonObject Body(string kind, IReadOnlyList<JsonObject> choices) => new()
    {
        ["id"] = Id,
        ["object"] = kind,
        ["created"] = Created,
        ["model"] = Model,
        ["system_fingerprint"] = Fingerprint,
        ["choices"] = new JsonArray([.. choices]),
    };

    /// <summary>Log-probabilities of tokens: content and reasoning each in their own place.</summary>
    public static JsonObject Logprobs(IReadOnlyList<TokenSampled> sampled, Tokenizer tokenizer)
    {
        var logprobs = new JsonObject
        {
            ["content"] = new JsonArray([.. sampled.Where(token => !token.IsReasoning).Select(token => (JsonNode)OpenAI.Logprobs.Of(token, tokenizer))]),
            ["refusal"] = null,
        };
        if (sampled.Any(token => token.IsReasoning)) logprobs["reasoning_content"] = new JsonArray([.. sampled.Where(token => token.IsReasoning).Select(token => (JsonNode)OpenAI.Logprobs.Of(token, tokenizer))]);
        return logprobs;
    }
}

/// <summary>Why an answer ended, in OpenAI's words.</summary>
internal static class FinishReasons
{
    /// <summary>stop, length or tool_calls: typed clients know no others.</summary>
    public static string Of(GenerationCompleted completed) => completed.FinishReason switch
    {
        FinishReason.Length => "length",
        FinishReason.ToolCalls => "tool_calls",
        _ => "stop",
    };
}
