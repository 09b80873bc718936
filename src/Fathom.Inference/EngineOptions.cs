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
