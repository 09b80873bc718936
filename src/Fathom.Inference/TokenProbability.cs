namespace Fathom.Inference;

/// <summary>A token with the natural logarithm of its probability: the softmax of the raw logits, before any sampling option.</summary>
/// <param name="Id">Token id.</param>
/// <param name="LogProbability">At most 0.</param>
public readonly record struct TokenProbability(int Id, float LogProbability);
