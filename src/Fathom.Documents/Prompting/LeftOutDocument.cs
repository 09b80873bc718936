namespace Fathom.Documents;

/// <summary>A document that a plan leaves out, or of which it leaves out the end.</summary>
/// <param name="Document">The document.</param>
/// <param name="FirstNumber">The first passage that is left out.</param>
/// <param name="LastNumber">The last passage.</param>
/// <param name="Tokens">What the left out passages would take.</param>
/// <param name="Message">What was left out and why, in one sentence.</param>
public sealed record LeftOutDocument(SourceDocument Document, int FirstNumber, int LastNumber, int Tokens, string Message);
