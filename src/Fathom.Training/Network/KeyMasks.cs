namespace Fathom.Training.Network;

/// <summary>Which keys a query may see (architecture specification, section 4.4), documents of a row kept apart.</summary>
internal static class KeyMasks
{
    /// <summary>Compressed entries: those of its own document that are complete at its place, bool [B, T, blocks].</summary>
    public static Tensor Entries(TokenBatch batch, long blocks, int ratio)
    {
        Tensor ends = (arange(blocks, int64) + 1) * ratio;
        Tensor places = arange(batch.Length, int64) + 1;
        Tensor complete = ends.unsqueeze(0) <= places.unsqueeze(1);
        Tensor sameDocument = Compression.FirstOf(batch.Starts, blocks, ratio).unsqueeze(1) == batch.Starts.unsqueeze(2);
        return complete.logical_and(sameDocument);
    }

    /// <summary>Window keys in chunks of W queries that see the chunk before and their own, bool [B, chunks, W, 2W].</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="window">W.</param>
    /// <param name="chunks">Chunks of W places that cover the row.</param>
    public static Tensor Window(TokenBatch batch, int window, long chunks)
    {
        Tensor query = arange(chunks * window, int64).reshape(chunks, window, 1);
        Tensor key = (arange(chunks, int64).reshape(chunks, 1, 1) * window) + arange(-window, window, int64).reshape(1, 1, 2 * window);
        Tensor near = (key <= query).logical_and(key > query - window);
        Tensor starts = nn.functional.pad(batch.Starts, [0, (chunks * window) - batch.Length], value: 0).reshape(batch.Rows, chunks, window, 1);
        return near.unsqueeze(0).logical_and(key.unsqueeze(0) >= starts);
    }
}
