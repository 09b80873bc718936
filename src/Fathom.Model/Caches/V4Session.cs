namespace Fathom.Model.Caches;

/// <summary>One sequence of a <see cref="V4Model"/> with its caches.</summary>
/// <remarks>
/// Caches are addressed by position, so the length alone says what is valid: rolling back only lowers it, and a
/// forward that fails leaves it as it was.
/// </remarks>
internal sealed class V4Session : ISession
{
    /// <summary>Tokens that can be taken back: what speculation needs.</summary>
    public const int RollbackReach = 16;

    private readonly LayerCache[] layers;
    private LayerCache? prediction;

    // Positions below this cannot be rolled back to: their raw rows are gone (after a restore or a failed forward).
    private int rollbackFloor;
    private bool isDisposed;

    internal V4Session(V4Model model, LayerCache[] layers, LayerCache? prediction)
    {
        Model = model;
        this.layers = layers;
        this.prediction = prediction;
    }

    public V4Model Model { get; }

    public int Length { get; private set; }

    /// <summary>Tokens that the MTP block has seen; behind <see cref="Length"/> when it was not run for all of them.</summary>
    public int PredictionLength { get; private set; }

    public long CacheBytes
    {
        get
        {
            long bytes = prediction?.Bytes ?? 0;
            foreach (LayerCache layer in layers) bytes += layer.Bytes;
            return bytes;
        }
    }

    public long SharedBytes
    {
        get
        {
            long bytes = prediction?.EntryBytes ?? 0;
            foreach (LayerCache layer in layers) bytes += layer.EntryBytes;
            return bytes;
        }
    }

    public int MaxRollback => Math.Min(RollbackReach, Length - rollbackFloor);

    internal ReadOnlySpan<LayerCache> Layers => layers;

    internal LayerCache? Prediction => prediction;

    public ISession Fork()
    {
        ThrowIfDisposed();
        return new V4Session(Model, Array.ConvertAll(layers, layer => layer.Fork()), prediction?.Fork())
        {
            Length = Length,
            PredictionLength = PredictionLength,
            rollbackFloor = rollbackFloor,
        };
    }

    public void Rollback(int tokens)
    {
        ThrowIfDisposed();
        if (tokens < 0 || tokens > MaxRollback)
        {
            throw new ArgumentOutOfRangeException(
                nameof(tokens), tokens, $"Of this session's {Length} tokens at most {MaxRollback} can be taken back right now.");
        }

        Length -= tokens;
        PredictionLength = Math.Min(PredictionLength, Length);
        foreach (LayerCache layer in layers) layer.Trim(Length);
    }

    public void WriteSnapshot(Stream destination, int since = 0)
    {
        ArgumentNullException.ThrowIfNull(destination);
        ArgumentOutOfRangeException.ThrowIfNegative(since);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(since, Length);
        ThrowIfDisposed();
        SessionSnapshot.Write(this, destination, since);
    }

    public void ReadSnapshot(Stream source)
    {
        ArgumentNullException.ThrowIfNull(source);
        ThrowIfDisposed();
        V4Session restored = SessionSnapshot.Read(this, source);
        restored.layers.CopyTo(layers, 0);
        prediction = restored.prediction;
        Length = restored.Length;
        PredictionLength = restored.PredictionLength;
        rollbackFloor = restored.Length;
    }

    public void Dispose() => isDisposed = true;

    /// <summary>Makes the staged rows of a successful forward valid.</summary>
    internal void Commit(int tokens)
    {
        foreach (LayerCache layer in layers) layer.Commit();
        Length += tokens;
    }

    /// <summary>Makes the rows of a successful MTP pass valid.</summary>
    internal void CommitPrediction(int length)
    {
        prediction!.Commit();
        PredictionLength = length;
    }

    /// <summary>Forgets a failed forward. Its rows may have taken the reserve, so older tokens stay.</summary>
    internal void Discard()
    {
        foreach (LayerCache layer in layers) layer.Discard();
        prediction?.Discard();
        rollbackFloor = Length;
    }

    /// <summary>Sets the lengths of a session whose caches were just filled from a snapshot.</summary>
    internal void SetRestored(int length, int predictionLength)
    {
        Length = length;
        PredictionLength = predictionLength;
        rollbackFloor = length;
    }

    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(isDisposed, this);
}
