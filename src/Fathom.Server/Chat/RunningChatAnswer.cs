using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Fathom.Inference;
using Fathom.Server.Errors;
using Fathom.Server.Streams;
using Fathom.Text;

namespace Fathom.Server.Chat;

/// <summary>What happened to an answer, for who follows it.</summary>
/// <param name="Name">The event; null for a sign of life.</param>
/// <param name="Data">JSON text on one line.</param>
internal sealed record ChatSign(string? Name, string Data = "");

/// <summary>
/// An answer of the web chat in the making. It gathers what the model writes, keeps it in the store, and tells everybody who follows: nobody, when the browser has gone away, or several, when the
/// page was opened again. Written by the thread that runs the answer; followers may come and go on any other.
/// </summary>
internal sealed class RunningChatAnswer(ChatStore store, ChatNode? question, ChatNode answer, Func<string, string?> check) : IAnswerWriter, IDisposable
{
    private static readonly TimeSpan SavingPause = TimeSpan.FromSeconds(2);

    private readonly Lock turn = new();
    private readonly List<Channel<ChatSign>> followers = [];
    private readonly CancellationTokenSource stop = new();
    private readonly StringBuilder content = new(), reasoning = new();
    private readonly long begun = Stopwatch.GetTimestamp();
    private long saved = Stopwatch.GetTimestamp(), thinkingBegan, thinkingEnded;
    private ChatNode node = answer;
    private bool isClosed;

    /// <summary>Falls when somebody stops the answer.</summary>
    public CancellationToken Stopping => stop.Token;

    /// <summary>Ends the answer before the next step of the model; what was written stays.</summary>
    public void Stop() => stop.Cancel();

    /// <summary>Follows the answer: first the messages as they are, then what happens.</summary>
    public ChannelReader<ChatSign> Follow()
    {
        var follower = Channel.CreateUnbounded<ChatSign>(new UnboundedChannelOptions { SingleReader = true });
        lock (turn)
        {
            follower.Writer.TryWrite(Begin());
            if (isClosed) follower.Writer.TryComplete();
            else followers.Add(follower);
        }

        return follower.Reader;
    }

    public Task StartAsync() => Task.CompletedTask;

    public Task WriteAsync(int choice, CompletionEvent happened)
    {
        switch (happened)
        {
            case PrefillProgress progress:
                TellProgress(progress);
                break;
            case ReasoningDelta delta:
                if (thinkingBegan == 0) thinkingBegan = Stopwatch.GetTimestamp();
                Append(reasoning, delta.Text, "reasoning");
                break;
            case ContentDelta delta:
                EndThinking();
                Append(content, delta.Text, "content");
                break;
            case GenerationCompleted completed:
                EndThinking();
                node = node with { State = ChatState.Done, Numbers = Numbers(completed) };
                Tell("usage", ChatJsonForms.Of(node.Numbers));
                break;
        }

        if (Stopwatch.GetElapsedTime(saved) > SavingPause) Save();
        return Task.CompletedTask;
    }

    public Task BeatAsync()
    {
        Tell(new ChatSign(null));
        return Task.CompletedTask;
    }

    public Task EndAsync(IReadOnlyList<GenerationCompleted> completed) => Task.CompletedTask;

    public Task FailAsync(ApiException error)
    {
        EndThinking();
        node = node with { State = ChatState.Failed, Error = error.Message };
        Tell("error", new JsonObject { ["message"] = error.Message });
        return Task.CompletedTask;
    }

    /// <summary>A part of documents that do not fit one prompt is read now.</summary>
    public void TellPart(int part, int parts) => Tell("part", new JsonObject { ["part"] = part, ["parts"] = parts });

    /// <summary>Notes stand in the place of the question's documents from now on.</summary>
    public void TellNotes(string questionId, string notes) => Tell("notes", new JsonObject { ["question"] = questionId, ["notes"] = notes });

    /// <summary>Tells how far a prompt is read.</summary>
    public void TellProgress(PrefillProgress progress) => Tell("progress", new JsonObject { ["cached"] = progress.CachedTokens, ["done"] = progress.DoneTokens, ["total"] = progress.TotalTokens });

    /// <summary>Keeps the answer as it is now, whole or not, checks it, and lets go of everybody who follows.</summary>
    public void Close()
    {
        EndThinking();
        if (node.State == ChatState.Writing) node = node with { State = ChatState.Stopped };
        Save();
        if (check(content.ToString()) is { } sources)
        {
            node = node with { Sources = sources };
            Save();
        }

        Tell("done", new JsonObject { ["message"] = ChatJsonForms.Of(Now()) });
        lock (turn)
        {
            isClosed = true;
            foreach (Channel<ChatSign> follower in followers) follower.Writer.TryComplete();
            followers.Clear();
        }
    }

    public void Dispose() => stop.Dispose();

    private void Append(StringBuilder text, string more, string name)
    {
        // Who begins to follow gets the text so far and all that comes after it, and nothing twice.
        lock (turn)
        {
            text.Append(more);
            Tell(name, new JsonObject { ["text"] = more });
        }
    }

    private ChatSign Begin()
    {
        var data = new JsonObject { ["answer"] = ChatJsonForms.Of(Now()) };
        if (question is not null) data["question"] = ChatJsonForms.Of(question);
        return new ChatSign("start", data.ToJsonString(EventStream.Json));
    }

    private void Tell(string name, JsonObject data) => Tell(new ChatSign(name, data.ToJsonString(EventStream.Json)));

    private void Tell(ChatSign sign)
    {
        lock (turn)
        {
            foreach (Channel<ChatSign> follower in followers) follower.Writer.TryWrite(sign);
        }
    }

    private ChatNode Now()
    {
        lock (turn) return node with { Content = content.ToString(), Reasoning = reasoning.ToString() };
    }

    private void Save()
    {
        saved = Stopwatch.GetTimestamp();
        store.Write(Now());
    }

    private void EndThinking()
    {
        if (thinkingBegan != 0 && thinkingEnded == 0) thinkingEnded = Stopwatch.GetTimestamp();
    }

    private ChatNumbers Numbers(GenerationCompleted completed) => new(
        completed.Usage.PromptTokens,
        completed.Usage.CachedTokens,
        completed.Usage.SampledTokens,
        completed.Usage.ReasoningTokens,
        completed.Timings.PrefillRate,
        completed.Timings.DecodeRate,
        thinkingBegan == 0 ? 0 : Stopwatch.GetElapsedTime(thinkingBegan, thinkingEnded).TotalSeconds,
        Stopwatch.GetElapsedTime(begun).TotalSeconds,
        completed.FinishReason == FinishReason.Length ? "length" : "stop");
}
