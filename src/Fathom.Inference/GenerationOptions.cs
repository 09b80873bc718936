namespace Fathom.Inference;

/// <summary>How one answer is generated.</summary>
public sealed record GenerationOptions
{
    /// <summary>How tokens are picked.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Tokens of the answer at most, reasoning included; null for what the context holds, 0 to read the prompt only.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Texts that end the answer and are not part of it. In a chat they are looked for in the content, not in the reasoning.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>null for no log-probabilities; else how many of the most likely tokens come with each token (0..20), as <see cref="TokenSampled"/> events.</summary>
    public int? LogProbabilities { get; init; }

    /// <summary>Tokens that the answer has at least: the end token and the like are not picked before.</summary>
    public int MinTokens { get; init; }

    /// <summary>Whether the end token does not end the answer but is never picked.</summary>
    public bool IgnoresEnd { get; init; }

    /// <summary>Tokens of reasoning at most; then the reasoning is ended and the model must answer. null for no limit.</summary>
    public int? ReasoningBudget { get; init; }

    /// <summary>Whether an answer that goes round in circles is ended (as by the limit of tokens); it is always told by <see cref="RepetitionDetected"/>.</summary>
    public bool StopsRepetition { get; init; }

    /// <summary>Makes sure that the numbers are in their ranges.</summary>
    /// <exception cref="ArgumentException">One is not; the message says which.</exception>
    public void Validate()
    {
        Sampling.Validate();
        if (MaxTokens is < 0) throw new ArgumentException($"{nameof(MaxTokens)} must not be negative, as {MaxTokens} is.");
        if (MinTokens < 0) throw new ArgumentException($"{nameof(MinTokens)} must not be negative, as {MinTokens} is.");
        if (ReasoningBudget is < 0) throw new ArgumentException($"{nameof(ReasoningBudget)} must not be negative, as {ReasoningBudget} is.");
        if (LogProbabilities is < 0 or > 20) throw new ArgumentException($"{nameof(LogProbabilities)} must be from 0 to 20, not {LogProbabilities}.");
        if (Stop.Any(string.IsNullOrEmpty)) throw new ArgumentException($"{nameof(Stop)} must not hold an empty text.");
    }
}
