namespace Fathom.Checkpoints;

/// <summary>Memory of a checkpoint: a mapped file, whatever its container, or copies of what lies otherwise in one.</summary>
internal interface ICheckpointFile : IDisposable
{
    /// <summary>Lets go of the mapped pages that were touched.</summary>
    void Forget();
}
