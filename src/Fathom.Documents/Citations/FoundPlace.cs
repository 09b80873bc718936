namespace Fathom.Documents;

/// <summary>Where the words of a quotation stand.</summary>
/// <param name="Place">Document, page and lines.</param>
/// <param name="FirstNumber">The passage where they begin.</param>
/// <param name="LastNumber">The passage where they end.</param>
public sealed record FoundPlace(SourcePlace Place, int FirstNumber, int LastNumber)
{
    /// <summary>The place with its numbers, such as <c>report.pdf, page 3, line 4 [12]</c>.</summary>
    public override string ToString() => FirstNumber == LastNumber ? $"{Place} [{FirstNumber}]" : $"{Place} [{FirstNumber}-{LastNumber}]";
}
