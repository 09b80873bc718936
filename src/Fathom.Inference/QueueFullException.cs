namespace Fathom.Inference;

/// <summary>So many requests wait already that no more are taken.</summary>
/// <param name="waiting">How many wait.</param>
public sealed class QueueFullException(int waiting) : Exception($"{waiting} requests are waiting already; try again later.")
{
    /// <summary>How many wait.</summary>
    public int Waiting => waiting;
}
