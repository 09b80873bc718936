namespace Fathom.Model;

/// <summary>
/// What inference needs from a model, and nothing more: sessions and a forward over a batch of rows. It deals in
/// token ids and logits and never in text. <c>V4Model</c> is the real one; tests of sampling and sessions
/// use one with known logits.
/// </summary>
public interface ILanguageModel : IDisposable
{
    /// <summary>Number of logits per row, which is also the number of token ids.</summary>
    int VocabularySize { get; }

    /// <summary>Positions that a session may hold at most (<c>max_position_embeddings</c>, or what a memory budget has room for).</summary>
    int MaxPositions { get; }

    /// <summary>Rows that one forward accepts at most; longer prompts are fed in several forwards.</summary>
    int MaxBatchRows { get; }

    /// <summary>Tells checkpoint and way of running it from others, 32 bytes; snapshots of sessions belong to it.</summary>
    ReadOnlyMemory<byte> Identity { get; }

    /// <summary>What streaming of experts did so far; null when all weights are in memory.</summary>
    Streaming.ExpertStreamStatistics? Streaming => null;

    /// <summary>Starts an empty session.</summary>
    ISession CreateSession();

    /// <summary>
    /// Runs one forward over all rows of <paramref name="batch"/> and advances its sessions by them. When it throws,
    /// a cancellation included, every session of the batch is as it was before the call.
    /// </summary>
    /// <param name="batch">Rows of one or several sessions.</param>
    /// <param name="cancellation">Looked at between layers.</param>
    /// <returns>Logits of the rows that asked for them; the buffer is overwritten by the next forward.</returns>
    /// <exception cref="ArgumentException">A token id is outside the vocabulary, or a session would pass <see cref="MaxPositions"/>.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    Logits Forward(Batch batch, CancellationToken cancellation = default);
}

/// <summary>One sequence with its caches. Not safe for use by two threads at once.</summary>
public interface ISession : IDisposable
{
    /// <summary>Tokens that the caches hold; the next row gets this position.</summary>
    int Length { get; }

    /// <summary>Bytes that the caches of this session take, shared parts counted fully.</summary>
    long CacheBytes { get; }

    /// <summary>Of <see cref="CacheBytes"/>, those that a fork shares.</summary>
    long SharedBytes { get; }

    /// <summary>A second session with the same past. Both go on independently; finished parts of the caches are shared.</summary>
    ISession Fork();

    /// <summary>Takes back the last tokens.</summary>
    /// <param name="tokens">0..<see cref="MaxRollback"/>, and not more than <see cref="Length"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">More than can be taken back.</exception>
    void Rollback(int tokens);

    /// <summary>Tokens that <see cref="Rollback"/> can take back right now (at most 16).</summary>
    int MaxRollback { get; }

    /// <summary>Writes the session's caches, at any length.</summary>
    /// <param name="destination">Receives the snapshot.</param>
    /// <param name="since">What came after this many tokens: whoever reads it must hold these tokens already. 0 writes everything.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="since"/> is negative or behind the end.</exception>
    void WriteSnapshot(Stream destination, int since = 0);

    /// <summary>Replaces this session's content by a snapshot of the same model; one that was written since some length goes on from a session of that length. On failure the session stays as it was.</summary>
    /// <exception cref="InvalidDataException">The snapshot is damaged, belongs to another model, numeric profile or cache format, or goes on from another length.</exception>
    void ReadSnapshot(Stream source);
}
