using System.Globalization;
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
    // A thousand terabytes.
    private const int MostCacheGibibytes = 1 << 20;

    /// <summary>Answers at once that room is reserved for, unless somebody names a number: each has a whole context.</summary>
    public static int SessionsFor(ModelUse use) => use == ModelUse.Serve ? 4 : 1;

    /// <summary>The room for kept beginnings that somebody names, in bytes.</summary>
    /// <param name="gibibytes">What --cache-gb says; 0 keeps none.</param>
    /// <exception cref="ArgumentException">It is negative or no size.</exception>
    public static long CacheBytesOf(double gibibytes) => gibibytes is >= 0 and <= MostCacheGibibytes
        ? (long)(gibibytes * (1L << 30))
        : throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"--cache-gb must be from 0, which keeps nothing, to {MostCacheGibibytes}, not {gibibytes}."));

    /// <summary>How answers share the model. Of a single one nothing would be used again.</summary>
    public static EngineOptions EngineFor(ModelUse use) => use == ModelUse.Run ? new EngineOptions { CacheBytes = 0 } : new EngineOptions();
}
