using Fathom.Server.Errors;

namespace Fathom.Server;

/// <summary>Lets a stopping server finish what it has begun and take nothing new.</summary>
internal sealed class DrainGate : IDisposable
{
    private readonly CancellationTokenSource ending = new();
    private int inside;
    private volatile bool isClosed;

    /// <summary>Ends what still runs when a stopping server's patience is over.</summary>
    public CancellationToken Ending => ending.Token;

    /// <summary>Requests that are being answered.</summary>
    public int Inside => Volatile.Read(ref inside);

    /// <summary>Counts a request in; what is returned counts it out.</summary>
    /// <exception cref="ApiException">The server is stopping.</exception>
    public IDisposable Enter()
    {
        // Counted before it looks: who closes the gate just now either sees this one or is seen.
        var entry = new Entry(this);
        Interlocked.Increment(ref inside);
        if (!isClosed) return entry;
        entry.Dispose();
        throw ApiException.Stopping();
    }

    /// <summary>Takes nothing new and waits until all are out; when the time is up, those inside are told to end and get a moment for it.</summary>
    public async Task CloseAsync(TimeSpan patience)
    {
        isClosed = true;
        await WaitAsync(patience).ConfigureAwait(false);
        await ending.CancelAsync().ConfigureAwait(false);
        await WaitAsync(TimeSpan.FromSeconds(2)).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose() => ending.Dispose();

    private async Task WaitAsync(TimeSpan patience)
    {
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
