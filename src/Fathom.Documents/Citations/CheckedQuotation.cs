namespace Fathom.Documents;

/// <summary>A quotation of an answer after the check.</summary>
/// <param name="Text">The quotation without its marks.</param>
/// <param name="Start">Where it begins in the answer, marks included.</param>
/// <param name="Length">Its length with its marks.</param>
/// <param name="Form">How it is marked.</param>
/// <param name="Status">What became of it.</param>
/// <param name="Places">Where its words stand, a few places at most.</param>
public sealed record CheckedQuotation(string Text, int Start, int Length, QuotationForm Form, QuotationStatus Status, IReadOnlyList<FoundPlace> Places)
{
    /// <summary>The citation that follows it, with all its numbers; null without one.</summary>
    public CheckedCitation? Citation { get; init; }

    /// <summary>For words that were not found: how far they agree with the place that comes nearest.</summary>
    public string? AgreesUntil { get; init; }

    /// <summary>The place that comes nearest to words that were not found.</summary>
    public FoundPlace? Nearest { get; init; }

    /// <summary>Whether words are left out in it, marked by an ellipsis.</summary>
    public bool HasOmissions { get; init; }
}
