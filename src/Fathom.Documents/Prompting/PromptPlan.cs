namespace Fathom.Documents;

/// <summary>How documents go into prompts of a given size.</summary>
/// <param name="BudgetTokens">What each part may take.</param>
/// <param name="TotalTokens">What everything together would take.</param>
/// <param name="Parts">What fits: one part, or several to be answered one by one and combined.</param>
/// <param name="LeftOut">What does not fit.</param>
public sealed record PromptPlan(int BudgetTokens, int TotalTokens, IReadOnlyList<PromptPart> Parts, IReadOnlyList<LeftOutDocument> LeftOut)
{
    /// <summary>Whether everything is in one prompt.</summary>
    public bool IsWhole => Parts.Count == 1 && LeftOut.Count == 0;

    /// <summary>The plan in one sentence.</summary>
    public override string ToString()
    {
        string parts = Parts.Count == 1
            ? FormattableString.Invariant($"{Parts[0].Tokens:n0} tokens, of {BudgetTokens:n0} that documents may take")
            : FormattableString.Invariant($"{Parts.Sum(part => (long)part.Tokens):n0} tokens in {Parts.Count} parts of at most {BudgetTokens:n0}");
        string left = LeftOut.Count == 0 ? string.Empty : FormattableString.Invariant($"; {LeftOut.Count} {(LeftOut.Count == 1 ? "document does" : "documents do")} not fit wholly");
        return $"{parts}{left}.";
    }
}
