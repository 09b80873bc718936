namespace Fathom.Documents;

/// <summary>Passages that go into one prompt.</summary>
/// <param name="Passages">The passages, in order.</param>
/// <param name="Text">Their text with headers and numbers.</param>
/// <param name="Tokens">The tokens of the text, exactly.</param>
public sealed record PromptPart(IReadOnlyList<Passage> Passages, string Text, int Tokens)
{
    /// <summary>The documents that the part has something of.</summary>
    public IEnumerable<SourceDocument> Documents => Passages.Select(passage => passage.Document).Distinct(ReferenceEqualityComparer.Instance).Cast<SourceDocument>();
}
