using Fathom.Model.Streaming;

namespace Fathom.Inference;

/// <summary>How many answers are worked on at once, and how much of what was computed is kept.</summary>
public sealed record EngineOptions
{
    /// <summary>Answers that are worked on at the same time; more wait.</summary>
    public int MaxConcurrent { get; init; } = 16;

    /// <summary>Requests that may wait; more are refused.</summary>
    public int MaxQueued { get; init; } = 1024;

    /// <summary>Rows of prompts in one step while other answers are being written, so that these keep flowing.</summary>
    public int InterleavedRows { get; init; } = 256;

    /// <summary>Bytes that kept beginnings of prompts may take in memory; 0 keeps none.</summary>
    public long CacheBytes { get; init; } = 2L << 30;

    /// <summary>Tokens between two places of a long prompt at which its session is kept in memory; a prompt is read in pieces of at most this length.</summary>
    public int MemorySpacing { get; init; } = 512;

    /// <summary>A folder that keeps beginnings of prompts across restarts; null for none.</summary>
    public string? CacheFolder { get; init; }

    /// <summary>Bytes that the folder may take.</summary>
    public long CacheFolderBytes { get; init; } = 20L << 30;

    /// <summary>Tokens between two places of a long prompt at which its session goes to the folder.</summary>
    public int FolderSpacing { get; init; } = 1024;

    /// <summary>Receives what people should know: damaged files of the folder, a full disk.</summary>
    public Action<string>? Notice { get; init; }

    /// <summary>Sessions that may wait to be written to the folder; what comes meanwhile is not written.</summary>
    internal int MostWaitingWrites { get; init; } = 64;

    /// <summary>At which distance pieces of prompts end because sessions are kept there; null when none are kept.</summary>
    internal int? PieceSpacing => CacheBytes > 0 || CacheFolder is not null ? MemorySpacing : null;

    /// <summary>What a plan of memory must leave room for when answers are made this way: kept beginnings get the room of a session.</summary>
    /// <param name="reserve">What is asked for answers in the making.</param>
    public MemoryReserve ReserveFor(MemoryReserve reserve)
    {
        ArgumentNullException.ThrowIfNull(reserve);
        return CacheBytes > 0 ? reserve with { KeptSessions = Math.Max(1, reserve.KeptSessions) } : reserve;
    }

    /// <summary>These options within a plan of memory: no more answers at once and no more kept beginnings than it has room for. When experts come from disk, a step takes as many rows of a prompt as the plan allows.</summary>
    /// <param name="plan">The plan; one without a budget changes nothing.</param>
    public EngineOptions Within(MemoryPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.Budget is null) return this;
        EngineOptions within = this with { MaxConcurrent = Math.Min(MaxConcurrent, plan.Sessions), CacheBytes = Math.Min(CacheBytes, plan.KeptBytes), MostWaitingWrites = 1 };

        // However few rows of a prompt a step takes, they need most experts: long pieces read less, also while other answers are being written.
        return plan.IsStreaming
            ? within with { MemorySpacing = (MemorySpacing + plan.Rows - 1) / plan.Rows * plan.Rows, InterleavedRows = plan.Rows }
            : within;
    }

    /// <summary>Rows of a prompt that a step takes at most under a plan of memory.</summary>
    /// <param name="plan">The plan.</param>
    public int RowsAtOnce(MemoryPlan plan) => Math.Min(Math.Min(plan.Rows, plan.ContextTokens), Within(plan).PieceSpacing ?? int.MaxValue);

    /// <summary>Makes sure that the numbers are in their ranges.</summary>
    /// <exception cref="ArgumentException">One is not; the message says which.</exception>
    public void Validate()
    {
        Check(MaxConcurrent, 1, nameof(MaxConcurrent));
        Check(MaxQueued, 0, nameof(MaxQueued));
        Check(InterleavedRows, 1, nameof(InterleavedRows));
        Check(CacheBytes, 0, nameof(CacheBytes));
        Check(MemorySpacing, 1, nameof(MemorySpacing));
        Check(CacheFolderBytes, 0, nameof(CacheFolderBytes));
        Check(FolderSpacing, 1, nameof(FolderSpacing));
    }

    private static void Check(long value, long least, string name)
    {
        if (value < least) throw new ArgumentException($"{name} must be at least {least}, not {value}.");
    }
}
