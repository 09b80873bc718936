namespace Fathom.Text;

/// <summary>How messages become a prompt (chat specification, section 2.1).</summary>
public sealed record ChatEncodingOptions
{
    /// <summary>Whether the model is to reason; chat by default.</summary>
    public ThinkingMode ThinkingMode { get; init; } = ThinkingMode.Chat;

    /// <summary>Whether reasoning of earlier turns is left out; on by default, and always off when tools are offered.</summary>
    public bool DropsThinking { get; init; } = true;

    /// <summary>null, low, high or max; in V4.1 also xhigh or a number from 1 to 100. Matters in thinking mode only.</summary>
    public string? ReasoningEffort { get; init; }

    /// <summary>Messages that an earlier prompt holds already: only what comes after them is rendered.</summary>
    public IReadOnlyList<ChatMessage> Context { get; init; } = [];

    /// <summary>Finds the token ids that the model picked for an assistant turn of this text (reasoning, tags and calls included, the end token not); null, or a null answer, to encode the text.</summary>
    public Func<string, IReadOnlyList<int>?>? SampledTokens { get; init; }

    /// <summary>Whether the prompt starts with the begin token; a context leaves it out too.</summary>
    public bool AddsBos { get; init; } = true;
}
