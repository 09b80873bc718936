using System.Collections.Concurrent;
using System.Threading.Channels;
using Fathom.Documents;
using Fathom.Server.Chat.Attaching;
using Fathom.Server.Errors;
using Fathom.Server.Streams;
using Microsoft.AspNetCore.Http;

namespace Fathom.Server.Chat;

/// <summary>
/// The answers of the web chat that are in the making. The request that asked for one stays open until it is whole, also when its browser goes away: so limits, counts and the stopping of the server
/// see it like any other, and nothing that was written is lost.
/// </summary>
internal sealed class ChatAnswers(AnswerService service, ChatStore store) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, (RunningChatAnswer Answer, Task Run)> running = [];

    /// <summary>Makes an answer and sends it to the browser while it is made.</summary>
    /// <param name="context">The request.</param>
    /// <param name="question">The question when it is new; null when it was asked before.</param>
    /// <param name="node">The answer's message, which is in the store.</param>
    /// <param name="work">What is to be done for it.</param>
    public async Task AnswerAsync(HttpContext context, ChatNode? question, ChatNode node, AnswerWork work)
    {
        using var answer = new RunningChatAnswer(store, question, node, work.Check);
        ChannelReader<ChatSign> signs = answer.Follow();
        var start = new TaskCompletionSource();
        Task run = RunAsync(context, answer, work, start.Task);
        running[node.Id] = (answer, run);
        start.SetResult();
        try
        {
            await FollowAsync(context, signs).ConfigureAwait(false);
        }
        catch (Exception exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // The browser went away; the answer goes on.
            _ = exception;
        }
        finally
        {
            await run.ConfigureAwait(false);
            running.TryRemove(node.Id, out _);
        }
    }

    /// <summary>Sends an answer that is in the making to another page.</summary>
    /// <returns>Whether there is one.</returns>
    public async Task<bool> FollowAsync(HttpContext context, string id)
    {
        if (!running.TryGetValue(id, out (RunningChatAnswer Answer, Task Run) found)) return false;
        await FollowAsync(context, found.Answer.Follow()).ConfigureAwait(false);
        return true;
    }

    /// <summary>Ends an answer; what was written stays.</summary>
    /// <returns>Whether there is one.</returns>
    public bool Stop(string id)
    {
        if (!running.TryGetValue(id, out (RunningChatAnswer Answer, Task Run) found)) return false;
        try
        {
            found.Answer.Stop();
        }
        catch (ObjectDisposedException)
        {
            // It became whole in this very moment.
        }

        return true;
    }

    /// <summary>Stops all answers and waits until they are kept.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach ((string id, (_, Task run)) in running)
        {
            Stop(id);
            await run.ConfigureAwait(false);
        }
    }

    private async Task RunAsync(HttpContext context, RunningChatAnswer answer, AnswerWork work, Task start)
    {
        await start.ConfigureAwait(false);
        try
        {
            string? notes = work.Parts is null ? null : await NotesAsync(context, answer, work).ConfigureAwait(false);
            await service.RunAsync(context, Dialect.OpenAI, work.Call(notes), _ => answer, answer.Stopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (answer.Stopping.IsCancellationRequested)
        {
            // Somebody had read enough.
        }
        catch (Exception exception)
        {
            ApiException error = ErrorBodies.Of(exception, Dialect.OpenAI) ?? ErrorBodies.Defect(RequestIds.Of(context));
            ServerLog.Failed(context, exception, error.Status);
            await answer.FailAsync(error).ConfigureAwait(false);
        }
        finally
        {
            answer.Close();
        }
    }

    // Documents that are too long for one prompt. Each part is an answer like others: limits of keys and turns hold for it.
    private async Task<string> NotesAsync(HttpContext context, RunningChatAnswer answer, AnswerWork work)
    {
        var reader = new PartReader(
            work.Parts!,
            text => service.Model.Tokenizer.Encode(text, matchAddedTokens: false).Length,
            async (prompt, _) =>
            {
                var writer = new NotesWriter(answer);
                await service.RunAsync(context, Dialect.OpenAI, work.PartCall(prompt), _ => writer, answer.Stopping).ConfigureAwait(false);
                return writer.Notes;
            },
            step => answer.TellPart(step.Part, step.Parts));
        string notes = await reader.NotesAsync(work.Question.Content, answer.Stopping).ConfigureAwait(false);
        store.WriteNotes(work.Question.Id, notes);
        answer.TellNotes(work.Question.Id, notes);
        return notes;
    }

    private static async Task FollowAsync(HttpContext context, ChannelReader<ChatSign> signs)
    {
        var stream = new EventStream(context);
        ChatSign? first = null;
        bool hasStarted = false;
        await foreach (ChatSign sign in signs.ReadAllAsync(context.RequestAborted).ConfigureAwait(false))
        {
            // Headers about limits of keys are set while the answer is admitted, so the first sign waits for the second.
            if (first is null)
            {
                first = sign;
                continue;
            }

            if (!hasStarted) await BeginAsync().ConfigureAwait(false);
            await SendAsync(stream, sign).ConfigureAwait(false);
        }

        if (!hasStarted) await BeginAsync().ConfigureAwait(false);

        async Task BeginAsync()
        {
            hasStarted = true;
            await stream.StartAsync().ConfigureAwait(false);
            await SendAsync(stream, first!).ConfigureAwait(false);
        }
    }

    private static Task SendAsync(EventStream stream, ChatSign sign) => sign.Name is null ? stream.SendCommentAsync("keep-alive") : stream.SendAsync(sign.Data, sign.Name);
}
