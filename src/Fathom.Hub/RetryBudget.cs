using System.Diagnostics;
using System.Globalization;

namespace Fathom.Hub;

/// <summary>How often one request may still be tried, and how long to wait before that.</summary>
internal sealed class RetryBudget(HubClient client)
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);

    // Shorter waits are nobody's concern.
    private static readonly TimeSpan ShortestToldDelay = TimeSpan.FromSeconds(3);

    private int failures;
    private long firstFailure;

    /// <summary>Forgets earlier failures: bytes came.</summary>
    public void Reset() => failures = 0;

    /// <summary>Waits before the next attempt, or, at a busy host, has all requests to it wait.</summary>
    /// <exception cref="HubException">There is none left, or the hub asks for too long a wait.</exception>
    public async Task WaitAsync(TransientException failure, CancellationToken cancellation)
    {
        HubOptions options = client.Options;
        HubProblem problem = failure.BusyHost is null ? HubProblem.Network : HubProblem.Busy;
        if (failures++ == 0) firstFailure = Stopwatch.GetTimestamp();
        if (failures >= options.MaxAttempts && (!client.HasAnswered || Stopwatch.GetElapsedTime(firstFailure) >= options.OutagePatience))
            throw new HubException(problem, $"{failure.Message}, {failures} times in a row; pull again later, what is here is kept.", failure);
        if (failure.RetryAfter > options.MostPatience)
            throw new HubException(problem, string.Create(CultureInfo.InvariantCulture, $"{failure.Message} and asks to wait {Math.Ceiling(failure.RetryAfter.Value.TotalMinutes):0} minutes; pull again then, what is here is kept."), failure);
        TimeSpan doubled = options.FirstDelay * Math.Pow(2, Math.Min(failures - 1, 30));
        TimeSpan delay = doubled < LongestDelay ? doubled : LongestDelay;

        // Many connections that failed together should not come back together.
        delay *= 0.75 + (Random.Shared.NextDouble() / 2);
        if (failure.RetryAfter > delay) delay = failure.RetryAfter.Value;
        if (failure.BusyHost is { } host) client.Pauses.Extend(host, delay);
        if (delay >= ShortestToldDelay)
            client.Say(string.Create(CultureInfo.InvariantCulture, $"{failure.Message}{(failure.RetryAfter is null ? string.Empty : " and asks to wait")}; trying again in {delay.TotalSeconds:0} s"));
        if (failure.BusyHost is null) await Task.Delay(delay, cancellation).ConfigureAwait(false);
    }
}
