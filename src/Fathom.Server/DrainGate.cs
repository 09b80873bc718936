using Fathom.Server.Errors;

namespace Fathom.Server;

/// <summary>Lets a stopping server finish what it has begun and take nothing new.</summary>
internal sealed class DrainGate
{
    private int inside;
    private volatile bool isClosed;

    /// <summary>Requests that are being answered.</summary>
    public int Inside => Volatile.Read(ref inside);

    /// <summary>Counts a request in; what is returned counts it out.</summary>
    /// <exception cref="ApiException">The server is stopping.</exception>
    public IDisposable Enter()
    {
        if (isClosed) throw new ApiException(503, "server_error", "The server is stopping; try again later.") { Code = "overloaded", RetryAfter = 5 };
        Interlocked.Increment(ref inside);
        return new Entry(this);
    }

    /// <summary>Takes nothing new and waits until all are out, or the time is up.</summary>
    public async Task CloseAsync(TimeSpan patience)
    {
        isClosed = true;
        long until = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        while (Inside > 0 && Environment.TickCount64 < until) await Task.Delay(20).ConfigureAwait(false);
    }

    private sealed class Entry(DrainGate gate) : IDisposable
    {
        private DrainGate? gate = gate;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref gate, null) is { } one) Interlocked.Decrement(ref one.inside);
        }
    }
}
