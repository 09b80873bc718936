namespace Fathom.Documents;

/// <summary>A place that supports a statement of an answer. Fathom found it; the model did not name it.</summary>
/// <param name="Statement">The sentence of the answer.</param>
/// <param name="Found">Where the support stands.</param>
/// <param name="Text">The words that stand there, cut if they are long.</param>
/// <param name="Score">How well it fits: the share of the statement's words that stand there, plus the share of the question's, both by weight; 2 at most.</param>
public sealed record FoundSource(string Statement, FoundPlace Found, string Text, double Score);
