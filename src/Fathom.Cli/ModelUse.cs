using Fathom.Inference;

namespace Fathom.Cli;

/// <summary>What a model is opened for: it decides what memory is reserved.</summary>
internal enum ModelUse
{
    /// <summary>One answer.</summary>
    Run,

    /// <summary>A conversation, or questions about documents.</summary>
    Chat,

    /// <summary>Answers to other programs.</summary>
    Serve,
}

/// <summary>What each use takes: the commands and <c>fathom plan</c> ask here.</summary>
internal static class ModelUses
{
    /// <summary>Answers at once that room is reserved for, unless somebody names a number: each has a whole context.</summary>
    public static int SessionsFor(ModelUse use) => use == ModelUse.Serve ? 4 : 1;

    /// <summary>How answers share the model. Of a single one nothing would be used again.</summary>
    public static EngineOptions EngineFor(ModelUse use) => use == ModelUse.Run ? new EngineOptions { CacheBytes = 0 } : new EngineOptions();
}
