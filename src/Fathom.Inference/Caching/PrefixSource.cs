namespace Fathom.Inference.Caching;

/// <summary>Where the beginning of a prompt came from.</summary>
public enum PrefixSource
{
    /// <summary>It was read from the start.</summary>
    None,

    /// <summary>A session in memory.</summary>
    Memory,

    /// <summary>A session from disk.</summary>
    Disk,
}
