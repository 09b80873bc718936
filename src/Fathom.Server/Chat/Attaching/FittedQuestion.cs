using Fathom.Documents;

namespace Fathom.Server.Chat.Attaching;

/// <summary>How a question with its documents fits the context.</summary>
/// <param name="DocumentTokens">Tokens of the documents of this question.</param>
/// <param name="PromptTokens">Tokens of the whole prompt, if the documents stood in it.</param>
/// <param name="BudgetTokens">Tokens that the documents may take in one prompt.</param>
/// <param name="ContextTokens">The context.</param>
/// <param name="Parts">The parts in which the documents are read; null when they fit, or were read before.</param>
internal sealed record FittedQuestion(int DocumentTokens, int PromptTokens, int BudgetTokens, int ContextTokens, PromptPlan? Parts);
