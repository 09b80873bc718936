using Fathom.Model.Streaming;

namespace Fathom.Inference;

/// <summary>What an engine is doing and what it has done since it began.</summary>
public sealed record EngineStatus
{
    /// <summary>Answers in the making.</summary>
    public int Running { get; init; }

    /// <summary>Requests that wait.</summary>
    public int Waiting { get; init; }

    /// <summary>The answers in the making, one by one.</summary>
    public IReadOnlyList<RunningAnswer> Answers { get; init; } = [];

    /// <summary>Steps done.</summary>
    public long Steps { get; init; }

    /// <summary>Rows of the last step: prompt tokens and answer tokens.</summary>
    public int LastRows { get; init; }

    /// <summary>Answers in the last step.</summary>
    public int LastSequences { get; init; }

    /// <summary>Tokens that the running sequences hold.</summary>
    public long ContextTokens { get; init; }

    /// <summary>Bytes of kept beginnings in memory.</summary>
    public long CacheBytes { get; init; }

    /// <summary>Beginnings kept in memory.</summary>
    public int CacheEntries { get; init; }

    /// <summary>Beginnings given up for room in memory.</summary>
    public long CacheEvictions { get; init; }

    /// <summary>Bytes of the cache folder.</summary>
    public long FolderBytes { get; init; }

    /// <summary>Beginnings in the cache folder.</summary>
    public int FolderEntries { get; init; }

    /// <summary>Tokens of prompts that were read.</summary>
    public long PromptTokensRead { get; init; }

    /// <summary>Tokens of prompts that needed no work.</summary>
    public long PromptTokensCached { get; init; }

    /// <summary>What streaming of experts did; null when all weights are in memory.</summary>
    public ExpertStreamStatistics? Streaming { get; init; }
}

/// <summary>An answer in the making.</summary>
/// <param name="Id">Counts up from 1.</param>
/// <param name="IsPrefilling">Whether its prompt is still being read.</param>
/// <param name="PromptTokens">Tokens of the prompt.</param>
/// <param name="HeldTokens">Tokens that its session holds.</param>
/// <param name="AnswerTokens">Tokens of the answer.</param>
/// <param name="TokensPerSecond">Since its first token.</param>
public sealed record RunningAnswer(long Id, bool IsPrefilling, int PromptTokens, int HeldTokens, int AnswerTokens, double TokensPerSecond);
