namespace Fathom.Text;

/// <summary>A piece of a prompt: markup, in which added tokens are recognised, or content, in which they are plain text (chat specification, section 1.4).</summary>
/// <param name="Text">The text.</param>
/// <param name="IsMarkup">Whether added tokens are matched in it.</param>
public readonly record struct PromptSpan(string Text, bool IsMarkup)
{
    /// <summary>The token ids of the text when they are known already; it stands between added tokens then. null to encode it.</summary>
    public IReadOnlyList<int>? Ids { get; init; }

    /// <summary>A markup span.</summary>
    public static PromptSpan Markup(string text) => new(text, true);

    /// <summary>A content span.</summary>
    public static PromptSpan Content(string text) => new(text, false);
}
