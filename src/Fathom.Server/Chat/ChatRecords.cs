using Fathom.Server.Chat.Attaching;

namespace Fathom.Server.Chat;

/// <summary>A conversation of the web chat, without its messages.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Title">What the list shows.</param>
/// <param name="System">Its system prompt; empty for none.</param>
/// <param name="Leaf">The last message of the branch that is shown; null before the first message.</param>
/// <param name="Created">When it began.</param>
/// <param name="Updated">When something was last said or changed.</param>
internal sealed record ChatHead(string Id, string Title, string System, string? Leaf, DateTimeOffset Created, DateTimeOffset Updated)
{
    /// <summary>The words around the place where a search found something; null when the title matched or nothing was searched.</summary>
    public string? Snippet { get; init; }
}

/// <summary>A message of a conversation. Messages are a tree: an edited question and a second answer are new children of the same parent.</summary>
internal sealed record ChatNode
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>The message before it; null for a first one.</summary>
    public string? Parent { get; init; }

    /// <summary>user or assistant.</summary>
    public required string Role { get; init; }

    /// <summary>What was said.</summary>
    public string Content { get; init; } = string.Empty;

    /// <summary>What was thought before.</summary>
    public string Reasoning { get; init; } = string.Empty;

    /// <summary>Texts that were attached by pages of earlier versions, which read files themselves.</summary>
    public IReadOnlyList<ChatAttachment> Files { get; init; } = [];

    /// <summary>Documents that were attached.</summary>
    public IReadOnlyList<ChatDocument> Documents { get; init; } = [];

    /// <summary>Notes that stand in the prompt in place of documents that are too long for it; empty while the documents stand there themselves.</summary>
    public string Notes { get; init; } = string.Empty;

    /// <summary>What the check of an answer's quotations and citations found, as JSON; null when there were no documents.</summary>
    public string? Sources { get; init; }

    /// <summary>How far it is.</summary>
    public ChatState State { get; init; } = ChatState.Done;

    /// <summary>Token counts and times of an answer; null when there are none.</summary>
    public ChatNumbers? Numbers { get; init; }

    /// <summary>What went wrong; null when nothing did.</summary>
    public string? Error { get; init; }

    /// <summary>When it was said.</summary>
    public DateTimeOffset Created { get; init; } = DateTimeOffset.UtcNow;
}

/// <summary>How far a message is.</summary>
internal enum ChatState
{
    /// <summary>Whole.</summary>
    Done,

    /// <summary>Still being written.</summary>
    Writing,

    /// <summary>Ended early, by the reader or by the end of the server.</summary>
    Stopped,

    /// <summary>Ended by an error.</summary>
    Failed,
}

/// <summary>A text that came with a question.</summary>
/// <param name="Name">The name of its file.</param>
/// <param name="Text">What is in it.</param>
internal sealed record ChatAttachment(string Name, string Text);

/// <summary>Token counts and times of one answer.</summary>
/// <param name="PromptTokens">Tokens of the prompt.</param>
/// <param name="CachedTokens">Of these, tokens that needed no work.</param>
/// <param name="AnswerTokens">Tokens of the answer, reasoning included.</param>
/// <param name="ReasoningTokens">Of these, tokens of the reasoning.</param>
/// <param name="PrefillRate">Prompt tokens per second.</param>
/// <param name="DecodeRate">Answer tokens per second.</param>
/// <param name="ThinkingSeconds">From the beginning of the reasoning to its end.</param>
/// <param name="Seconds">From the question to the end of the answer.</param>
/// <param name="FinishReason">Why it ended.</param>
internal sealed record ChatNumbers(int PromptTokens, int CachedTokens, int AnswerTokens, int ReasoningTokens, double PrefillRate, double DecodeRate, double ThinkingSeconds, double Seconds, string FinishReason);

/// <summary>A system prompt that is kept for use in several conversations.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">What the list shows.</param>
/// <param name="Text">The system prompt.</param>
internal sealed record ChatPreset(string Id, string Name, string Text);
