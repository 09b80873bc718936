using System.Diagnostics;
using Fathom.Inference;
using Fathom.Server.Access;
using Fathom.Server.Errors;
using Fathom.Server.Operation;
using Fathom.Server.Requests;
using Fathom.Server.Streams;
using Fathom.Text;
using Microsoft.AspNetCore.Http;

namespace Fathom.Server;

/// <summary>Runs the answers of all dialects: from a read request to a written reply, with limits, counts and log lines on the way.</summary>
internal sealed class AnswerService(FathomModel model, ServerOptions options, KeyRing keys, ServerMetrics metrics, UsageLog? usageLog, CancellationToken stopping)
{
    /// <summary>The served model.</summary>
    public FathomModel Model => model;

    /// <summary>How the server answers.</summary>
    public ServerOptions Options => options;

    /// <summary>How the engine works.</summary>
    public EngineOptions Engine => model.Engine;

    /// <summary>What reading requests needs.</summary>
    public RequestContext Requests { get; } = new(model, options, new ModelNames(options));

    /// <summary>Reads the body of a request.</summary>
    public Task<JsonFields> ReadBodyAsync(HttpContext context) => RequestBody.ReadAsync(context, options.MaxBodyBytes);

    /// <summary>Runs a chat call.</summary>
    /// <param name="context">The request.</param>
    /// <param name="dialect">Its dialect.</param>
    /// <param name="call">What it wants.</param>
    /// <param name="createWriter">Makes the writer of the reply, when the prompt is encoded.</param>
    /// <param name="until">Ends it early; null for the moment in which the client goes away.</param>
    public Task RunAsync(HttpContext context, Dialect dialect, ChatCall call, Func<IReadOnlyList<Answer>, IAnswerWriter> createWriter, CancellationToken? until = null) =>
        RunAsync(context, dialect, call.Options.Generation.Sampling.Seed, call.Count, seed => Prepare(context, call, seed), createWriter, until);

    /// <summary>Runs answers that are prepared one by one, each with a seed of its own.</summary>
    public async Task RunAsync(HttpContext context, Dialect dialect, long? seed, int count, Func<long?, Answer> prepare, Func<IReadOnlyList<Answer>, IAnswerWriter> createWriter, CancellationToken? until = null)
    {
        long started = Stopwatch.GetTimestamp();
        List<Answer> answers = [.. Enumerable.Range(0, count).Select(i => prepare(seed + i))];
        ApiKey? key = KeyRing.KeyOf(context);
        using IDisposable slot = keys.Enter(context, key, answers[0].PromptTokens.Count);
        using Activity? activity = metrics.StartActivity(dialect, options.ModelId);
        IReadOnlyList<GenerationCompleted> completed = await AnswerPump.RunAsync(context, dialect, answers, createWriter(answers), TimeSpan.FromSeconds(options.HeartbeatSeconds), stopping, until).ConfigureAwait(false);
        if (completed.Count == 0) return;

        TimeSpan took = Stopwatch.GetElapsedTime(started);
        int sampled = completed.Sum(answer => answer.Usage.SampledTokens);
        Usage first = completed[0].Usage;
        keys.Spend(key, first.PromptTokens + sampled);
        metrics.Answered(dialect, completed, activity);
        usageLog?.Add(new UsageRecord(DateTimeOffset.UtcNow, RequestIds.Of(context), key?.Name ?? string.Empty, context.Request.Path, first.PromptTokens, first.CachedTokens, sampled, took.TotalSeconds, options.Prices.Of(first.PromptTokens, first.CachedTokens, sampled)));
        ServerLog.Answered(context, first.PromptTokens, first.CachedTokens, first.CacheSource.ToString(), sampled, took.TotalSeconds);
        if (options.LogsTexts) ServerLog.Texts(context, model.Tokenizer.Decode([.. answers[0].PromptTokens]), string.Join("\n---\n", completed.Select(answer => model.Tokenizer.Decode([.. answer.Tokens]))));
        Warn(context, completed);
    }

    /// <summary>Encodes a chat call.</summary>
    public Answer Prepare(HttpContext context, ChatCall call, long? seed)
    {
        ChatOptions answering = call.Options with
        {
            CacheSpace = SpaceOf(context, call),
            Client = KeyRing.ClientOf(context),
            OneCallOnly = call.OneCallOnly,
            Generation = call.Options.Generation with { Sampling = call.Options.Generation.Sampling with { Seed = seed } },
        };
        return model.PrepareChat(Messages(context, call), answering);
    }

    /// <summary>The prompt of a chat call, which nothing is computed for.</summary>
    public ChatPrompt Render(HttpContext context, ChatCall call) => model.Render(Messages(context, call), call.Options with { CacheSpace = SpaceOf(context, call) });

    /// <summary>The conversation as it is encoded.</summary>
    public IReadOnlyList<ChatMessage> Messages(HttpContext context, ChatCall call)
    {
        IReadOnlyList<ChatMessage> messages = Conversation.WithCalls(call.Messages, model, SpaceOf(context, call));
        if (options.KeepsVolatileLines) return messages;
        (messages, int moved) = VolatileLines.Move(messages);
        if (moved > 0 && !context.Response.HasStarted) context.Response.Headers["x-fathom-moved-lines"] = moved.ToString(System.Globalization.CultureInfo.InvariantCulture);
        metrics.MovedLines(moved);
        return messages;
    }

    private string SpaceOf(HttpContext context, ChatCall call) =>
        options.IsolatesUsers && call.User is { Length: > 0 } user ? $"{KeyRing.SpaceOf(context)} user {user}" : KeyRing.SpaceOf(context);

    private static void Warn(HttpContext context, IReadOnlyList<GenerationCompleted> completed)
    {
        foreach (GenerationCompleted answer in completed)
        {
            bool isOnlyReasoning = answer.FinishReason == FinishReason.Length && answer.Usage.ReasoningTokens > 0 && string.IsNullOrEmpty(answer.Message.Content) && answer.Message.ToolCalls.Count == 0;
            if (isOnlyReasoning) ServerLog.OnlyReasoned(context, answer.Usage.CompletionTokens);
            if (answer.Repetition is { } repetition) ServerLog.Repeats(context, repetition.Period, repetition.Times);
        }
    }
}
