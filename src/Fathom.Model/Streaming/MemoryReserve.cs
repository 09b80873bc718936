using Fathom.Checkpoints;

namespace Fathom.Model.Streaming;

/// <summary>What a memory budget must leave room for beside the weights.</summary>
public sealed record MemoryReserve
{
    /// <summary>Tokens that a session has room for when nothing else is asked.</summary>
    public const int StandardContext = 32_768;

    /// <summary>Tokens that each session may hold; null for 32,768, or for all of the model's positions when it has fewer. A model under a budget accepts no longer sessions.</summary>
    public int? ContextTokens { get; init; }

    /// <summary>Sessions of that length at the same time.</summary>
    public int Sessions { get; init; } = 1;

    /// <summary>Room for kept beginnings of prompts, in sessions of that length.</summary>
    public int KeptSessions { get; init; }

    /// <summary>Rows of logits that are computed at once by forwards that give them in slices (<see cref="V4Model.ForwardSliced"/>); null where only each session's last row gives logits.</summary>
    public int? LogitRows { get; init; }

    /// <summary>Bytes that whoever runs the model needs beside it, such as for sums that it gathers.</summary>
    public long OtherBytes { get; init; }

    /// <summary>How sessions store entries; null for 32 bits, the most. A model that is opened knows its own.</summary>
    public CacheFormat? Caches { get; init; }
}
