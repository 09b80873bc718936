namespace Fathom.Evaluation.Planning;

/// <summary>How fast this machine is for one architecture.</summary>
/// <param name="Threads">Threads that took part.</param>
/// <param name="MemoryBytesPerSecond">Reading memory that no cache holds.</param>
/// <param name="Disk">Reading experts from the model's disk; null when it could not be measured.</param>
/// <param name="Layers">What layers take.</param>
public sealed record MachineSpeed(int Threads, double MemoryBytesPerSecond, DiskSpeed? Disk, LayerTimes Layers);
