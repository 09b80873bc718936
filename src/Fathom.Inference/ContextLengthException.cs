namespace Fathom.Inference;

/// <summary>A prompt does not fit the context.</summary>
/// <param name="promptTokens">Tokens of the prompt.</param>
/// <param name="contextTokens">Tokens that prompt and answer may have together.</param>
public sealed class ContextLengthException(int promptTokens, int contextTokens)
    : ArgumentException($"The prompt has {promptTokens} tokens, but this model's context ends at {contextTokens} and the answer needs room too; shorten the prompt.")
{
    /// <summary>Tokens of the prompt.</summary>
    public int PromptTokens => promptTokens;

    /// <summary>Tokens that prompt and answer may have together.</summary>
    public int ContextTokens => contextTokens;
}
