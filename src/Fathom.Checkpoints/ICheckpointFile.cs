namespace Fathom.Checkpoints;

/// <summary>A mapped file of a checkpoint, whatever its container.</summary>
internal interface ICheckpointFile : IDisposable
{
    /// <summary>Lets go of the mapped pages that were touched.</summary>
    void Forget();
}
