namespace Fathom.Checkpoints;

/// <summary>Memory with weights: a mapped file of either container, or copies of what lies otherwise in one.</summary>
internal interface IWeightFile : IDisposable
{
    /// <summary>Gives the resident pages back; they come again when they are touched.</summary>
    void ReleasePages();
}
