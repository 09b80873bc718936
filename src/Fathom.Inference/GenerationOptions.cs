namespace Fathom.Inference;

/// <summary>How one answer is generated.</summary>
public sealed record GenerationOptions
{
    /// <summary>How tokens are picked.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Tokens of the answer at most, reasoning included; null for what the context holds.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Texts that end the answer and are not part of it. In a chat they are looked for in the content, not in the reasoning.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>null for no log-probabilities; else how many of the most likely tokens come with each token (0..20), as <see cref="TokenSampled"/> events.</summary>
    public int? LogProbabilities { get; init; }

    /// <summary>Makes sure that the numbers are in their ranges.</summary>
    /// <exception cref="ArgumentException">One is not; the message says which.</exception>
    public void Validate()
    {
        Sampling.Validate();
        if (MaxTokens is < 1) throw new ArgumentException($"{nameof(MaxTokens)} must be at least 1, not {MaxTokens}.");
        if (LogProbabilities is < 0 or > 20) throw new ArgumentException($"{nameof(LogProbabilities)} must be from 0 to 20, not {LogProbabilities}.");
        if (Stop.Any(string.IsNullOrEmpty)) throw new ArgumentException($"{nameof(Stop)} must not hold an empty text.");
    }
}
