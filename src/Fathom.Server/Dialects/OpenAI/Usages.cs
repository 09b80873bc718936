using System.Text.Json.Nodes;
using Fathom.Inference;

namespace Fathom.Server.Dialects.OpenAI;

/// <summary>Token counts and timings in OpenAI's, DeepSeek's and llama.cpp's fields (interface specification, section 1.8).</summary>
internal static class Usages
{
    /// <summary>Counts of a chat or text completion; of several answers the prompt counts once.</summary>
    public static JsonObject Of(IReadOnlyList<GenerationCompleted> answers)
    {
        Usage first = answers[0].Usage;
        int sampled = answers.Sum(answer => answer.Usage.SampledTokens);
        return new JsonObject
        {
            ["prompt_tokens"] = first.PromptTokens,
            ["completion_tokens"] = sampled,
            ["total_tokens"] = first.PromptTokens + sampled,
            ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = first.CachedTokens },
            ["completion_tokens_details"] = new JsonObject { ["reasoning_tokens"] = answers.Sum(answer => answer.Usage.ReasoningTokens) },
            ["prompt_cache_hit_tokens"] = first.CachedTokens,
            ["prompt_cache_miss_tokens"] = first.PromptTokens - first.CachedTokens,
        };
    }

    /// <summary>How long an answer took.</summary>
    public static JsonObject Timings(GenerationCompleted answer) => new()
    {
        ["cache_n"] = answer.Usage.CachedTokens,
        ["prompt_n"] = answer.Timings.PrefillTokens,
        ["prompt_ms"] = answer.Timings.Prefill.TotalMilliseconds,
        ["prompt_per_second"] = answer.Timings.PrefillRate,
        ["predicted_n"] = answer.Usage.SampledTokens,
        ["predicted_ms"] = answer.Timings.Decode.TotalMilliseconds,
        ["predicted_per_second"] = answer.Timings.DecodeRate,
        ["queue_ms"] = answer.Timings.Queue.TotalMilliseconds,
    };
}
