namespace Fathom.Checkpoints;

/// <summary>
/// Keeps the resident memory of somebody who reads a checkpoint from end to end small: pages that were read are given
/// back to the system, which still has them in its own cache and brings them again when they are touched.
/// </summary>
/// <param name="checkpoint">What is read.</param>
internal sealed class MappedPages(Checkpoint checkpoint)
{
    private const long MostBytes = 64 << 20;

    private long read;

    /// <summary>Counts what was read; now and then gives everything back.</summary>
    public void Read(long bytes)
    {
        if ((read += bytes) < MostBytes) return;
        checkpoint.ForgetPages();
        read = 0;
    }
}
