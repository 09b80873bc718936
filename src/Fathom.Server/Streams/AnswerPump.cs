using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Fathom.Inference;
using Fathom.Server.Errors;
using Fathom.Text;
using Microsoft.AspNetCore.Http;

namespace Fathom.Server.Streams;

/// <summary>Runs the answers of a request and hands what happens to a writer, in order, with signs of life in between.</summary>
internal static class AnswerPump
{
    private const int MostUnread = 256;

    private sealed record Happening(int Choice, CompletionEvent Event);

    /// <summary>Runs them to the end. Errors before anything was sent are thrown; later ones go to the writer.</summary>
    /// <param name="context">The request.</param>
    /// <param name="dialect">For errors.</param>
    /// <param name="answers">What to run.</param>
    /// <param name="writer">Gets what happens.</param>
    /// <param name="pause">Silence after which a sign of life is due.</param>
    /// <param name="stopping">The server's patience has ended.</param>
    /// <param name="until">Ends them early; null for the moment in which the client goes away.</param>
    /// <returns>The completed answers; fewer when it failed.</returns>
    public static async Task<IReadOnlyList<GenerationCompleted>> RunAsync(HttpContext context, Dialect dialect, IReadOnlyList<Answer> answers, IAnswerWriter writer, TimeSpan pause, CancellationToken stopping, CancellationToken? until = null)
    {
        var completed = new GenerationCompleted[answers.Count];
        CancellationToken gone = until ?? context.RequestAborted;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(gone, stopping);
        bool hasStarted = false;
        try
        {
            await foreach (Happening? happening in Merge(answers, end.Token).WithHeartbeat(pause, end.Token).ConfigureAwait(false))
            {
                if (!hasStarted) await writer.StartAsync().ConfigureAwait(false);
                hasStarted = true;
                if (happening is null) await writer.BeatAsync().ConfigureAwait(false);
                else if (happening.Event is GenerationCompleted one) completed[happening.Choice] = one;
                if (happening is not null) await writer.WriteAsync(happening.Choice, happening.Event).ConfigureAwait(false);
            }

            await writer.EndAsync(completed).ConfigureAwait(false);
            return completed;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested && !context.Response.HasStarted && !gone.IsCancellationRequested)
        {
            throw ApiException.Stopping();
        }
        catch (Exception exception) when (context.Response.HasStarted && !gone.IsCancellationRequested)
        {
            Exception failure = exception is OperationCanceledException && stopping.IsCancellationRequested ? ApiException.Stopping() : exception;
            string id = RequestIds.Of(context);
            ApiException error = ErrorBodies.Of(failure, dialect) ?? ErrorBodies.Defect(id);
            ServerLog.Failed(context, failure, error.Status);
            await writer.FailAsync(error).ConfigureAwait(false);
            return [.. completed.Where(one => one is not null)];
        }
    }

    private static async IAsyncEnumerable<Happening> Merge(IReadOnlyList<Answer> answers, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (answers.Count == 1)
        {
            await foreach (CompletionEvent happened in answers[0].RunAsync(cancellation).ConfigureAwait(false)) yield return new Happening(0, happened);
            yield break;
        }

        // A client that reads slowly must hold up the answers, not fill the memory.
        var channel = Channel.CreateBounded<Happening>(MostUnread);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task[] runs = [.. answers.Select((answer, choice) => Task.Run(async () =>
        {
            await foreach (CompletionEvent happened in answer.RunAsync(stop.Token).ConfigureAwait(false)) await channel.Writer.WriteAsync(new Happening(choice, happened), stop.Token).ConfigureAwait(false);
        }, CancellationToken.None))];

        // One that fails ends them all: nobody waits for answers that are of no use any more.
        foreach (Task run in runs) _ = run.ContinueWith(one => channel.Writer.TryComplete(one.Exception!.InnerException), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        _ = Task.WhenAll(runs).ContinueWith(all => channel.Writer.TryComplete(all.Exception?.InnerException), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        try
        {
            await foreach (Happening happening in channel.Reader.ReadAllAsync(cancellation).ConfigureAwait(false)) yield return happening;
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(runs).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default).ConfigureAwait(false);
        }
    }
}
