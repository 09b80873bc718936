namespace Fathom.Text;

/// <summary>What a completion turned out to contain, in the order it was written.</summary>
public abstract record CompletionEvent;

/// <summary>More of the answer.</summary>
/// <param name="Text">The text to append.</param>
public sealed record ContentDelta(string Text) : CompletionEvent;

/// <summary>More of the reasoning.</summary>
/// <param name="Text">The text to append.</param>
public sealed record ReasoningDelta(string Text) : CompletionEvent;

/// <summary>A tool call begins.</summary>
/// <param name="Index">Its number in this completion, from 0.</param>
/// <param name="Id">A new id.</param>
/// <param name="Name">The tool.</param>
public sealed record ToolCallStarted(int Index, string Id, string Name) : CompletionEvent;

/// <summary>More of the JSON text of a call's arguments.</summary>
/// <param name="Index">The call's number.</param>
/// <param name="Json">The text to append.</param>
public sealed record ToolCallArgumentsDelta(int Index, string Json) : CompletionEvent;

/// <summary>A tool call is complete.</summary>
/// <param name="Index">The call's number.</param>
/// <param name="Call">The call with its whole arguments, of a repeated parameter only the last.</param>
public sealed record ToolCallCompleted(int Index, ChatToolCall Call) : CompletionEvent;
