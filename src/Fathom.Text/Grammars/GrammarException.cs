namespace Fathom.Text.Grammars;

/// <summary>A form is impossible, unsupported or too large. The message is one sentence that names the place and what is wrong there.</summary>
/// <param name="message">The sentence.</param>
public sealed class GrammarException(string message) : Exception(message);
