namespace Fathom.Compute.Workers;

/// <summary>
/// Work cut into independent items. Every item writes its own part of the result and reads nothing that another
/// item writes, so the result does not depend on which worker takes which item.
/// </summary>
public interface IParallelJob
{
    /// <summary>Does one item.</summary>
    /// <param name="item">0..items − 1.</param>
    /// <param name="worker">Which worker runs it, 0..workers − 1: the index of its private scratch.</param>
    void Execute(int item, int worker);
}
