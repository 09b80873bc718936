namespace Fathom.Documents;

/// <summary>How documents are written into a prompt.</summary>
public sealed record PromptOptions
{
    /// <summary>
    /// Lines are gathered into passages of about this many characters, and each passage gets one number: about four tokens for every
    /// hundred. 0 numbers every line.
    /// </summary>
    public int PassageCharacters { get; init; } = 400;

    /// <summary>
    /// Whether only the text goes into the prompt, without names, pages and numbers: for small models that were never taught to cite.
    /// Lines that a page's width broke are joined.
    /// </summary>
    public bool IsPlain { get; init; }

    /// <summary>The number of the first passage.</summary>
    public int FirstNumber { get; init; } = 1;
}
