namespace Fathom.Evaluation.Recall;

/// <summary>One question of a recall test.</summary>
/// <param name="Length">Length of the document that was asked for, in tokens.</param>
/// <param name="Tokens">Tokens of the prompt.</param>
/// <param name="Depth">Place of the fact, 0 for the document's beginning to 1 for its end; −1 when the document does not say.</param>
/// <param name="Question">The question.</param>
/// <param name="Expected">The right answer.</param>
/// <param name="Answer">The model's answer.</param>
public sealed record RecallResult(int Length, int Tokens, double Depth, string Question, string Expected, string Answer)
{
    /// <summary>Exact match, apart from white space at the ends.</summary>
    public bool IsRight => Answer.Trim() == Expected;
}
