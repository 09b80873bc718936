namespace Fathom.Training.Network;

/// <summary>What compressed layers look at.</summary>
internal enum AttentionMode
{
    /// <summary>All visible entries: the first stage of training.</summary>
    Dense,

    /// <summary>CSA layers see the entries that the indexer picks, as in inference.</summary>
    Sparse,

    /// <summary>No entries at all: what a window alone can do.</summary>
    WindowOnly,
}
