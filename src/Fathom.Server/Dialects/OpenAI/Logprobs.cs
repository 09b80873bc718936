using System.Text;
using System.Text.Json.Nodes;
using Fathom.Inference;
using Fathom.Text;

namespace Fathom.Server.Dialects.OpenAI;

/// <summary>Log-probabilities of tokens (interface specification, section 1.7).</summary>
internal static class Logprobs
{
    /// <summary>One token with its alternatives.</summary>
    public static JsonObject Of(TokenSampled sampled, Tokenizer tokenizer)
    {
        JsonObject entry = One(sampled.Token, tokenizer);
        entry["top_logprobs"] = new JsonArray([.. sampled.Top.Select(token => (JsonNode)One(token, tokenizer))]);
        return entry;
    }

    /// <summary>The text of a token; bytes that are no whole characters as U+FFFD.</summary>
    public static string TextOf(int id, Tokenizer tokenizer) => Encoding.UTF8.GetString(tokenizer.BytesOf(id));

    private static JsonObject One(TokenProbability token, Tokenizer tokenizer) => new()
    {
        ["token"] = TextOf(token.Id, tokenizer),
        ["logprob"] = token.LogProbability,
        ["bytes"] = new JsonArray([.. tokenizer.BytesOf(token.Id).ToArray().Select(value => (JsonNode)(int)value)]),
    };
}
