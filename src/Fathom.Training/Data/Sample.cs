namespace Fathom.Training.Data;

/// <summary>One document for training.</summary>
/// <param name="Tokens">Token ids.</param>
/// <param name="Weights">For each token the weight of predicting it, 0 for none; as many as tokens.</param>
internal sealed record Sample(int[] Tokens, float[] Weights);
