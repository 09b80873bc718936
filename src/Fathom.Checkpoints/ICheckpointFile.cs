namespace Fathom.Checkpoints;

/// <summary>Memory of a checkpoint: a mapped file, whatever its container, or copies of what lies otherwise in one.</summary>
internal interface ICheckpointFile : IDisposable
{
    /// <summary>The mapped file; null where the memory is of copies.</summary>
    MappedFile? Mapped { get; }
}
