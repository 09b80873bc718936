namespace Fathom.Text;

/// <summary>Whether the model reasons before it answers.</summary>
public enum ThinkingMode
{
    /// <summary>No reasoning.</summary>
    Chat,

    /// <summary>Reasoning between <c>&lt;think&gt;</c> and <c>&lt;/think&gt;</c>.</summary>
    Thinking,
}
