using Fathom.Documents;
using Fathom.Server.Requests;

namespace Fathom.Server.Chat.Attaching;

/// <summary>What is to be done for an answer of the web chat.</summary>
internal sealed record AnswerWork
{
    /// <summary>The question.</summary>
    public required ChatNode Question { get; init; }

    /// <summary>What the model gets; notes stand in it in place of the question's documents when they are given.</summary>
    public required Func<string?, ChatCall> Call { get; init; }

    /// <summary>What the model gets to read one part of documents.</summary>
    public required Func<string, ChatCall> PartCall { get; init; }

    /// <summary>The parts in which the question's documents are read before; null when they fit.</summary>
    public required PromptPlan? Parts { get; init; }

    /// <summary>Checks the answer's quotations and citations; null comes back when there are no documents.</summary>
    public required Func<string, string?> Check { get; init; }
}
