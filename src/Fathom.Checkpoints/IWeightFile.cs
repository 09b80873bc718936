namespace Fathom.Checkpoints;

/// <summary>A mapped file of weights, of either container.</summary>
internal interface IWeightFile : IDisposable
{
    /// <summary>Gives the resident pages back; they come again when they are touched.</summary>
    void ReleasePages();
}
