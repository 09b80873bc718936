using System.Text.Json;
using Fathom.Text;
using Fathom.Text.Grammars;

namespace Fathom.Inference;

/// <summary>How a conversation is held.</summary>
public sealed record ChatOptions
{
    /// <summary>The system message; null for none.</summary>
    public string? System { get; init; }

    /// <summary>Whether the model reasons before it answers.</summary>
    public ThinkingMode ThinkingMode { get; init; } = ThinkingMode.Chat;

    /// <summary>How hard it reasons: null, low, high or max (see the chat format of the checkpoint).</summary>
    public string? ReasoningEffort { get; init; }

    /// <summary>Whether reasoning of earlier turns is left out of the prompt, as the model was trained; tools switch it off.</summary>
    public bool DropsThinking { get; init; } = true;

    /// <summary>Tools that the model may call.</summary>
    public IReadOnlyList<ChatTool> Tools { get; init; } = [];

    /// <summary>The JSON that the reply's form is asked for with; null for none.</summary>
    public JsonElement? ResponseFormat { get; init; }

    /// <summary>The form that the reply must have, reasoning aside, unless it calls tools; null for any.</summary>
    public OutputGrammar? Form { get; init; }

    /// <summary>Names of offered tools of which at least one must be called; null when the model may choose.</summary>
    public IReadOnlyList<string>? ForcedTools { get; init; }

    /// <summary>Whether arguments of calls must fit the schemas of their tools.</summary>
    public bool StrictTools { get; init; }

    /// <summary>Whether the answer ends after its first complete tool call.</summary>
    public bool OneCallOnly { get; init; }

    /// <summary>Whose kept beginnings of prompts may be used: conversations of different spaces never share anything.</summary>
    public string CacheSpace { get; init; } = string.Empty;

    /// <summary>Who asks: while others wait, nobody gets more than a share.</summary>
    public string Client { get; init; } = string.Empty;

    /// <summary>Makes ids of tool calls; null for random ones.</summary>
    public Func<string>? NewCallId { get; init; }

    /// <summary>How answers are generated.</summary>
    public GenerationOptions Generation { get; init; } = new();
}
