namespace Fathom.Text;

/// <summary>Why an answer ended.</summary>
public enum FinishReason
{
    /// <summary>The model ended it, or a stop text came up.</summary>
    Stop,

    /// <summary>The limit of tokens or of the context was reached.</summary>
    Length,

    /// <summary>The model calls tools.</summary>
    ToolCalls,
}
