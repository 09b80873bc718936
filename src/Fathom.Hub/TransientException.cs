namespace Fathom.Hub;

/// <summary>Something that may be better at the next attempt: a broken connection, a busy hub.</summary>
/// <param name="message">What happened, as the beginning of a sentence.</param>
/// <param name="isBusy">Whether the hub asked to come back later.</param>
/// <param name="retryAfter">How long it asked to wait.</param>
/// <param name="inner">The error below.</param>
internal sealed class TransientException(string message, bool isBusy = false, TimeSpan? retryAfter = null, Exception? inner = null) : Exception(message, inner)
{
    public bool IsBusy { get; } = isBusy;

    public TimeSpan? RetryAfter { get; } = retryAfter;
}
