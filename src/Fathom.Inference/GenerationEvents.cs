using Fathom.Inference.Caching;
using Fathom.Text;

namespace Fathom.Inference;

/// <summary>The prompt is being read.</summary>
/// <param name="CachedTokens">Tokens that an earlier prompt had brought already.</param>
/// <param name="DoneTokens">Tokens read so far, the cached ones included.</param>
/// <param name="TotalTokens">Tokens of the prompt.</param>
public sealed record PrefillProgress(int CachedTokens, int DoneTokens, int TotalTokens) : CompletionEvent;

/// <summary>A token was picked; only sent when log-probabilities are asked for.</summary>
/// <param name="Token">The token.</param>
/// <param name="Top">The most likely tokens, in falling order.</param>
public sealed record TokenSampled(TokenProbability Token, IReadOnlyList<TokenProbability> Top) : CompletionEvent
{
    /// <summary>Whether it belongs to the reasoning.</summary>
    public bool IsReasoning { get; init; }
}

/// <summary>The answer goes round in circles: its last tokens are the same few, again and again. Sent once.</summary>
/// <param name="Period">Tokens of the part that repeats.</param>
/// <param name="Times">How often it stands there.</param>
public sealed record RepetitionDetected(int Period, int Times) : CompletionEvent;

/// <summary>The answer is complete; always the last event.</summary>
/// <param name="Message">The answer as a message.</param>
/// <param name="FinishReason">Why it ended.</param>
/// <param name="StopText">The stop text that ended it, if one did.</param>
/// <param name="Usage">Token counts.</param>
/// <param name="Timings">How long it took.</param>
public sealed record GenerationCompleted(ChatMessage Message, FinishReason FinishReason, string? StopText, Usage Usage, Timings Timings) : CompletionEvent
{
    /// <summary>The tokens of the answer as they were picked, the end token not.</summary>
    public IReadOnlyList<int> Tokens { get; init; } = [];

    /// <summary>What repeated itself in the answer; null when nothing did.</summary>
    public RepetitionDetected? Repetition { get; init; }
}

/// <summary>Token counts of one answer.</summary>
/// <param name="PromptTokens">Tokens of the prompt.</param>
/// <param name="CachedTokens">Of these, tokens that needed no work.</param>
/// <param name="CompletionTokens">Tokens of the answer, reasoning included, the end token not.</param>
/// <param name="ReasoningTokens">Of these, tokens of the reasoning.</param>
public sealed record Usage(int PromptTokens, int CachedTokens, int CompletionTokens, int ReasoningTokens)
{
    /// <summary>All tokens that were picked: <see cref="CompletionTokens"/>, and the end token when the model ended the answer.</summary>
    public int SampledTokens { get; init; } = CompletionTokens;

    /// <summary>Where the cached tokens came from.</summary>
    public PrefixSource CacheSource { get; init; }
}

/// <summary>How long an answer took.</summary>
/// <param name="Prefill">From the beginning of the work to the first token.</param>
/// <param name="Decode">From the first token to the end.</param>
/// <param name="PrefillTokens">Tokens that the prefill worked on.</param>
/// <param name="DecodeTokens">Tokens after the first.</param>
public sealed record Timings(TimeSpan Prefill, TimeSpan Decode, int PrefillTokens, int DecodeTokens)
{
    /// <summary>How long the request waited before work on it began.</summary>
    public TimeSpan Queue { get; init; }

    /// <summary>Prompt tokens per second; 0 when there were none.</summary>
    public double PrefillRate => Rate(PrefillTokens, Prefill);

    /// <summary>Answer tokens per second; 0 when there were none.</summary>
    public double DecodeRate => Rate(DecodeTokens, Decode);

    private static double Rate(int tokens, TimeSpan time) => tokens > 0 && time > TimeSpan.Zero ? tokens / time.TotalSeconds : 0;
}
