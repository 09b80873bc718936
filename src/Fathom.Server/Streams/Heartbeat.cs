using System.Runtime.CompilerServices;

namespace Fathom.Server.Streams;

/// <summary>Lets a reader of events do something when nothing happens for a while.</summary>
internal static class Heartbeat
{
    /// <summary>The same events, with null whenever nothing happened for so long.</summary>
    public static async IAsyncEnumerable<T?> WithHeartbeat<T>(this IAsyncEnumerable<T> events, TimeSpan pause, [EnumeratorCancellation] CancellationToken cancellation = default)
        where T : class
    {
        IAsyncEnumerator<T> enumerator = events.GetAsyncEnumerator(cancellation);
        try
        {
            while (true)
            {
                Task<bool> next = enumerator.MoveNextAsync().AsTask();
                while (await Task.WhenAny(next, Task.Delay(pause, cancellation)).ConfigureAwait(false) != next)
                {
                    if (cancellation.IsCancellationRequested) break;
                    yield return null;
                }

                if (!await next.ConfigureAwait(false)) yield break;
                yield return enumerator.Current;
            }
        }
        finally
        {
            await enumerator.DisposeAsync().ConfigureAwait(false);
        }
    }
}
