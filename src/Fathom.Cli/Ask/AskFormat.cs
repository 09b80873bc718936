namespace Fathom.Cli.Ask;

/// <summary>How an answer is written.</summary>
internal enum AskFormat
{
    /// <summary>The answer as it comes, then its sources and the check.</summary>
    Text,

    /// <summary>The same as Markdown with headings.</summary>
    Markdown,

    /// <summary>One JSON object for each answer.</summary>
    Json,
}
