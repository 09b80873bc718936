namespace Fathom.Text.Grammars;

/// <summary>Where a called rule returns to: a position, how often its loop has run, and in turn what waits below. One object per value.</summary>
internal sealed class Frame(long id, int position, int count, FrameSet? below)
{
    public long Id => id;

    public int Position => position;

    public int Count => count;

    /// <summary>What waits below; null only for the frame at the very bottom, where the output is complete.</summary>
    public FrameSet? Below => below;

    /// <summary>The frame with its counts moved to where no token can tell the difference; see <see cref="StateTable"/>.</summary>
    public Frame Canonical { get; set; } = null!;
}

/// <summary>Frames that one call may return to: several when the output can be read in several ways. One object per value.</summary>
internal sealed class FrameSet(long id, Frame[] frames)
{
    public long Id => id;

    public Frame[] Frames => frames;

    /// <summary>The set of the canonical frames.</summary>
    public FrameSet Canonical { get; set; } = null!;
}

/// <summary>
/// All that matters of an output so far: the positions that wait for a byte, each with what waits below it. One
/// object per value within a table's life; successors are found once.
/// </summary>
internal sealed class MatchState((int Position, FrameSet Below)[] items, bool isComplete, int classes, int generation)
{
    public (int Position, FrameSet Below)[] Items => items;

    /// <summary>Whether the output may end here.</summary>
    public bool IsComplete => isComplete;

    /// <summary>Whether no byte can follow, be the output complete or not.</summary>
    public bool IsDead => items.Length == 0;

    /// <summary>Which life of the table it belongs to.</summary>
    public int Generation => generation;

    /// <summary>By class of byte; null for what nobody has asked yet.</summary>
    public MatchState?[] Next { get; } = items.Length == 0 ? [] : new MatchState?[classes];

    /// <summary>The state with canonical frames, which has the same mask; null until asked.</summary>
    public MatchState? Canonical { get; set; }

    /// <summary>The allowed tokens, a bit each; null until asked, and again when room was needed.</summary>
    public byte[]? Mask { get; set; }
}
