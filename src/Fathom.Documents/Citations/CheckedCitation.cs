namespace Fathom.Documents;

/// <summary>A citation of an answer, such as <c>[12]</c> or <c>[3, 12-15]</c>, after the check.</summary>
/// <param name="Text">The citation as it stands in the answer.</param>
/// <param name="Start">Where it begins in the answer.</param>
/// <param name="Ranges">The numbers, each with the last of its range.</param>
/// <param name="Unknown">Numbers that no passage has, or ranges that end before they begin.</param>
/// <param name="Places">Where the passages stand that exist.</param>
public sealed record CheckedCitation(string Text, int Start, IReadOnlyList<(int First, int Last)> Ranges, IReadOnlyList<string> Unknown, IReadOnlyList<SourcePlace> Places)
{
    /// <summary>Whether every number has a passage.</summary>
    public bool IsKnown => Unknown.Count == 0;

    /// <summary>Whether a passage is cited.</summary>
    public bool Covers(int number) => Ranges.Any(range => range.First <= number && number <= range.Last);
}
