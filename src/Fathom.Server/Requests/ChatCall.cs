using Fathom.Inference;
using Fathom.Text;

namespace Fathom.Server.Requests;

/// <summary>What a request of any dialect comes down to.</summary>
internal sealed record ChatCall
{
    /// <summary>The name that was asked for, and that the answer repeats.</summary>
    public required string Model { get; init; }

    /// <summary>The client's own user, as it names him; null for nobody in particular.</summary>
    public string? User { get; init; }

    /// <summary>The conversation.</summary>
    public required IReadOnlyList<ChatMessage> Messages { get; init; }

    /// <summary>How to answer.</summary>
    public required ChatOptions Options { get; init; }

    /// <summary>Whether the answer goes out while it is made.</summary>
    public bool Streams { get; init; }

    /// <summary>Answers that are wanted.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Whether a stream ends with a chunk of its own for the token counts.</summary>
    public bool IncludesUsage { get; init; }

    /// <summary>Whether the answer tells how long things took.</summary>
    public bool IncludesTimings { get; init; }

    /// <summary>Whether a stream tells how far the prompt is read.</summary>
    public bool TellsProgress { get; init; }

    /// <summary>Whether the reasoning is shown as a summary (Responses only).</summary>
    public bool WantsSummary { get; init; }

    /// <summary>Tools that are not plain functions, by the name under which the model knows them.</summary>
    public IReadOnlyDictionary<string, ToolKind> ToolKinds { get; init; } = new Dictionary<string, ToolKind>();

    /// <summary>The most calls of one answer; null for any number.</summary>
    public bool OneCallOnly { get; init; }
}

/// <summary>A tool that the client knows as something else than a function.</summary>
/// <param name="Type">The client's word: custom, local_shell, namespace.</param>
/// <param name="Name">The client's name for it.</param>
/// <param name="Namespace">Its namespace; null for none.</param>
internal sealed record ToolKind(string Type, string Name, string? Namespace = null);
