namespace Fathom.Evaluation.Documents;

/// <summary>One question about a generated file.</summary>
/// <param name="Format">How the document was written.</param>
/// <param name="Tokens">Tokens of the prompt.</param>
/// <param name="Question">The question.</param>
/// <param name="Expected">The right answer.</param>
/// <param name="Answer">The model's answer.</param>
/// <param name="Place">Where the fact was written; null when the document does not say.</param>
/// <param name="Source">The first source that Fathom found, with page and line; null for none.</param>
/// <param name="IsSourceRight">Whether the source is the place; for questions about what is not there, whether none was named.</param>
public sealed record DocumentResult(FileFormat Format, int Tokens, string Question, string Expected, string Answer, string? Place, string? Source, bool IsSourceRight)
{
    /// <summary>Exact match, apart from white space at the ends.</summary>
    public bool IsAnswerRight => Answer.Trim() == Expected;
}
