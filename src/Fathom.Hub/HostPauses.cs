using System.Collections.Concurrent;

namespace Fathom.Hub;

/// <summary>
/// Hosts that asked to be left alone for a while. The wish holds for all requests, not for the refused one alone: a hub counts
/// them together. All members may be called from any thread.
/// </summary>
/// <param name="spread">Over how long requests come back after a pause.</param>
internal sealed class HostPauses(TimeSpan spread)
{
    private readonly ConcurrentDictionary<string, long> ends = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Asks nothing of a host before some time has passed.</summary>
    public void Extend(string host, TimeSpan wait)
    {
        long end = Environment.TickCount64 + (long)Math.Ceiling(wait.TotalMilliseconds);
        ends.AddOrUpdate(host, end, (_, before) => Math.Max(before, end));
    }

    /// <summary>Waits until a host may be asked.</summary>
    public async Task WaitAsync(string host, CancellationToken cancellation)
    {
        while (ends.TryGetValue(host, out long end) && end - Environment.TickCount64 is > 0 and long left)
            await Task.Delay(TimeSpan.FromMilliseconds(left) + (spread * Random.Shared.NextDouble()), cancellation).ConfigureAwait(false);
    }
}
