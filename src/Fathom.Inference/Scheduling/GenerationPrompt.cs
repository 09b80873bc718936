namespace Fathom.Inference.Scheduling;

/// <summary>What an answer goes on from, and for whom.</summary>
/// <param name="Tokens">Token ids; at least one.</param>
internal sealed record GenerationPrompt(int[] Tokens)
{
    /// <summary>Lengths at which other prompts are likely to part from this one: there the session is kept.</summary>
    public IReadOnlyList<int> Boundaries { get; init; } = [];

    /// <summary>Whose cache may be used and filled.</summary>
    public string Space { get; init; } = string.Empty;

    /// <summary>Who asks; nobody gets more than a share while others wait.</summary>
    public string Client { get; init; } = string.Empty;
}
