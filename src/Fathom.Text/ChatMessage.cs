using System.Text.Json;

namespace Fathom.Text;

/// <summary>One message of a conversation (chat specification, section 2.1).</summary>
public sealed record ChatMessage
{
    /// <summary>system, user, assistant, tool, latest_reminder or developer.</summary>
    public required string Role { get; init; }

    /// <summary>The text. Parts of a list are given in <see cref="Parts"/> instead.</summary>
    public string? Content { get; init; }

    /// <summary>The content as parts, each of them text, or of a type that V4 cannot read; null when <see cref="Content"/> is used.</summary>
    public IReadOnlyList<ChatContentPart>? Parts { get; init; }

    /// <summary>The reasoning of an assistant message.</summary>
    public string? ReasoningContent { get; init; }

    /// <summary>Tool calls of an assistant message.</summary>
    public IReadOnlyList<ChatToolCall> ToolCalls { get; init; } = [];

    /// <summary>The block of calls as the model wrote it, line feeds before it included; stands in the prompt in place of <see cref="ToolCalls"/>, which another spelling would make a new one. null to render these.</summary>
    public string? RawCalls { get; init; }

    /// <summary>Which call a tool message answers.</summary>
    public string? ToolCallId { get; init; }

    /// <summary>Tools offered by a system or developer message.</summary>
    public IReadOnlyList<ChatTool> Tools { get; init; } = [];

    /// <summary>What a system or developer message wants as the form of the reply: any JSON.</summary>
    public JsonElement? ResponseFormat { get; init; }

    /// <summary>A one-token task (section 2.9).</summary>
    public string? Task { get; init; }

    /// <summary>Whether the end token of an assistant message is left out, so that the model goes on from it. With reasoning and no content it goes on inside the reasoning.</summary>
    public bool IsOpenEnded { get; init; }

    /// <summary>A message with plain text.</summary>
    public static ChatMessage Of(string role, string content) => new() { Role = role, Content = content };
}

/// <summary>A part of a message's content.</summary>
/// <param name="Type"><c>text</c>, or a type that V4 cannot read.</param>
/// <param name="Text">The text of a text part.</param>
public sealed record ChatContentPart(string Type, string? Text);

/// <summary>A call of a tool.</summary>
/// <param name="Id">Identifies the call for its result; may be empty.</param>
/// <param name="Name">The tool.</param>
/// <param name="Arguments">Arguments as JSON text.</param>
public sealed record ChatToolCall(string Id, string Name, string Arguments);
