namespace Fathom.Model;

/// <summary>Which rows of a segment should give logits.</summary>
public enum LogitRows
{
    /// <summary>No row: a chunk of a prompt that goes on.</summary>
    None,

    /// <summary>The segment's last row.</summary>
    Last,

    /// <summary>Every row.</summary>
    All,
}

/// <summary>
/// The rows of one forward: segments of tokens, each appended to its own session. A session may appear once in a
/// batch. Segments may be of any length, so that prefill chunks and single decoded tokens share a forward.
/// </summary>
public sealed class Batch
{
    private readonly List<BatchSegment> segments = [];

    /// <summary>The segments in the order they were added.</summary>
    public IReadOnlyList<BatchSegment> Segments => segments;

    /// <summary>Rows of all segments together.</summary>
    public int RowCount { get; private set; }

    /// <summary>Appends <paramref name="tokens"/> to <paramref name="session"/> in this forward.</summary>
    /// <param name="session">The session that the rows belong to.</param>
    /// <param name="tokens">At least one token id.</param>
    /// <param name="logits">Which of these rows give logits.</param>
    /// <returns>This batch.</returns>
    /// <exception cref="ArgumentException">No tokens, or the session is already in the batch.</exception>
    public Batch Add(ISession session, ReadOnlyMemory<int> tokens, LogitRows logits = LogitRows.Last)
    {
        ArgumentNullException.ThrowIfNull(session);
        if (tokens.IsEmpty) throw new ArgumentException("A batch segment needs at least one token.", nameof(tokens));
        foreach (BatchSegment segment in segments)
        {
            if (ReferenceEquals(segment.Session, session))
                throw new ArgumentException("The session is in this batch already; put all its tokens into one segment.", nameof(session));
        }

        segments.Add(new BatchSegment(session, tokens, RowCount, logits));
        RowCount += tokens.Length;
        return this;
    }
}

/// <summary>Tokens of one session inside a <see cref="Batch"/>.</summary>
/// <param name="Session">The session that grows.</param>
/// <param name="Tokens">Token ids, in order.</param>
/// <param name="FirstRow">Index of the first of these rows in the batch.</param>
/// <param name="LogitRows">Which rows give logits.</param>
public sealed record BatchSegment(ISession Session, ReadOnlyMemory<int> Tokens, int FirstRow, LogitRows LogitRows);
