namespace Fathom.Documents.Reading;

/// <summary>Ends the reading of one file with a sentence for its user.</summary>
internal sealed class SkipException(SkipReason reason, string message, Exception? cause = null) : Exception(message, cause)
{
    public SkipReason Reason { get; } = reason;
}
