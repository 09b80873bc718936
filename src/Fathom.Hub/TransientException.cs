namespace Fathom.Hub;

/// <summary>Something that may be better at the next attempt: a broken connection, a busy hub.</summary>
/// <param name="message">What happened, as the beginning of a sentence.</param>
/// <param name="busyHost">The host and port that asked to come back later; null when none did.</param>
/// <param name="retryAfter">How long it asked to wait.</param>
/// <param name="inner">The error below.</param>
internal class TransientException(string message, string? busyHost = null, TimeSpan? retryAfter = null, Exception? inner = null) : Exception(message, inner)
{
    public string? BusyHost { get; } = busyHost;

    public TimeSpan? RetryAfter { get; } = retryAfter;
}
