using System.Runtime.ExceptionServices;

namespace Fathom.Documents.Reading;

/// <summary>
/// Runs the reading of one file on a thread of its own. Libraries cannot be interrupted everywhere, so a file that does not end
/// is left to its thread, which dies with the program; the large stack is for deeply nested files.
/// </summary>
internal static class TimeLimit
{
    private const int StackBytes = 64 << 20;
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    public static T Run<T>(Func<CancellationToken, T> work, TimeSpan limit, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        T? result = default;
        ExceptionDispatchInfo? error = null;
        var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var ended = new ManualResetEventSlim();
        var thread = new Thread(
            () =>
            {
                try
                {
                    result = work(stop.Token);
                }
                catch (Exception exception)
                {
                    error = ExceptionDispatchInfo.Capture(exception);
                }
                finally
                {
                    ended.Set();
                }
            },
            StackBytes) { IsBackground = true, Name = "Fathom document" };
        thread.Start();
        if (!Wait(ended, limit, cancellation))
        {
            stop.Cancel();
            if (!ended.Wait(Grace, CancellationToken.None) || error?.SourceException is OperationCanceledException)
            {
                cancellation.ThrowIfCancellationRequested();
                throw new SkipException(SkipReason.TooSlow, FormattableString.Invariant($"was not read within {limit.TotalSeconds:0.#} seconds; save it anew with another program, or raise the limit."));
            }
        }

        error?.Throw();
        return result!;
    }

    private static bool Wait(ManualResetEventSlim ended, TimeSpan limit, CancellationToken cancellation)
    {
        try
        {
            return ended.Wait(limit, cancellation);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
