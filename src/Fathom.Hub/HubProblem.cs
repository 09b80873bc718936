namespace Fathom.Hub;

/// <summary>What kind of thing went wrong with a hub or a store.</summary>
public enum HubProblem
{
    /// <summary>The hub cannot be reached, or connections keep breaking.</summary>
    Network,

    /// <summary>A token is missing or refused, or a licence is not accepted.</summary>
    Refused,

    /// <summary>There is no such repository, revision or file.</summary>
    NotFound,

    /// <summary>The hub asks to come back later.</summary>
    Busy,

    /// <summary>A file is no longer what the list of files said.</summary>
    Changed,

    /// <summary>A file's hash is not the one that the hub announced.</summary>
    WrongBytes,

    /// <summary>The disk is too small.</summary>
    NoSpace,

    /// <summary>The hub's answer makes no sense.</summary>
    BadAnswer,

    /// <summary>The local store has no such model, or is damaged.</summary>
    Store,
}
