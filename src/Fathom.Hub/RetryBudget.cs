using System.Globalization;

namespace Fathom.Hub;

/// <summary>How often one request may still be tried, and how long to wait before that.</summary>
internal sealed class RetryBudget(HubOptions options)
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);

    private int failures;

    /// <summary>Forgets earlier failures: bytes came.</summary>
    public void Reset() => failures = 0;

    /// <summary>Waits before the next attempt.</summary>
    /// <exception cref="HubException">There is none left, or the hub asks for too long a wait.</exception>
    public async Task WaitAsync(TransientException failure, CancellationToken cancellation)
    {
        HubProblem problem = failure.IsBusy ? HubProblem.Busy : HubProblem.Network;
        if (++failures >= options.MaxAttempts)
            throw new HubException(problem, $"{failure.Message}, {failures} times in a row; pull again later, what is here is kept.", failure);
        if (failure.RetryAfter > options.MostPatience)
            throw new HubException(problem, string.Create(CultureInfo.InvariantCulture, $"{failure.Message} and asks to wait {Math.Ceiling(failure.RetryAfter.Value.TotalMinutes):0} minutes; pull again then, what is here is kept."), failure);
        TimeSpan doubled = options.FirstDelay * Math.Pow(2, failures - 1);
        TimeSpan delay = doubled < LongestDelay ? doubled : LongestDelay;

        // Many connections that failed together should not come back together.
        delay *= 0.75 + (Random.Shared.NextDouble() / 2);
        await Task.Delay(failure.RetryAfter > delay ? failure.RetryAfter.Value : delay, cancellation).ConfigureAwait(false);
    }
}
