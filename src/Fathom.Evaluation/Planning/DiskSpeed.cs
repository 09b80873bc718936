namespace Fathom.Evaluation.Planning;

/// <summary>
/// How fast experts come from a disk. Virtual disks and those of a network often keep what they read lately, and give it again much faster; a disk of the machine's own
/// has about the same speed twice. A prompt's chunk reads most experts once (first); answers need some again and again (again).
/// </summary>
/// <param name="FirstBytesPerSecond">Places that were not read lately.</param>
/// <param name="AgainBytesPerSecond">The same places, right afterwards.</param>
public sealed record DiskSpeed(double FirstBytesPerSecond, double AgainBytesPerSecond)
{
    /// <summary>Whether the disk keeps what it read lately.</summary>
    public bool KeepsWhatItRead => AgainBytesPerSecond > 1.25 * FirstBytesPerSecond;
}
