using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using Fathom.Model;
using Fathom.Text;

namespace Fathom.Inference;

/// <summary>One answer in the making: prefill in chunks, then token by token until something ends it.</summary>
internal sealed class Generation
{
    private readonly ModelAccess access;
    private readonly Tokenizer tokenizer;
    private readonly int[] prompt;
    private readonly GenerationOptions options;
    private readonly TokenRules rules;
    private readonly CompletionParser? parser;
    private readonly Sampler sampler;
    private readonly StopMatcher stops;
    private readonly StreamingDecoder decoder;
    private readonly List<int> answer = [];
    private readonly StringBuilder content = new();
    private readonly StringBuilder reasoning = new();
    private readonly List<ChatToolCall> calls = [];
    private TokenSampled? lastSampled;
    private int reasoningTokens;

    /// <summary>Prepares an answer.</summary>
    /// <param name="access">The model.</param>
    /// <param name="tokenizer">Turns tokens into text.</param>
    /// <param name="prompt">Token ids; at least one.</param>
    /// <param name="options">How to generate.</param>
    /// <param name="rules">Which tokens may come and which end the answer.</param>
    /// <param name="parser">Takes a chat's completion apart; null for plain text.</param>
    /// <exception cref="ArgumentException">The prompt is empty or longer than the context, or an option is out of its range.</exception>
    public Generation(ModelAccess access, Tokenizer tokenizer, int[] prompt, GenerationOptions options, TokenRules rules, CompletionParser? parser)
    {
        options.Validate();
        if (prompt.Length == 0) throw new ArgumentException("The prompt is empty; it needs at least one token.");
        int positions = access.Model.MaxPositions;
        if (prompt.Length >= positions)
            throw new ArgumentException($"The prompt has {prompt.Length} tokens, but this model's context ends at {positions} and the answer needs room too; shorten the prompt.");
        this.access = access;
        this.tokenizer = tokenizer;
        this.prompt = prompt;
        this.options = options;
        this.rules = rules;
        this.parser = parser;
        sampler = new Sampler(options.Sampling, rules.Forbidden);
        sampler.SeePrompt(prompt);
        stops = new StopMatcher(options.Stop);
        decoder = new StreamingDecoder(tokenizer);
    }

    /// <summary>The answer as far as it goes, with what was given out.</summary>
    public ChatMessage ToMessage() => new()
    {
        Role = "assistant",
        Content = content.ToString(),
        ReasoningContent = reasoning.ToString(),
        ToolCalls = [.. calls],
    };

    /// <summary>Generates.</summary>
    /// <param name="cache">Sessions of earlier prompts; receives this one's.</param>
    /// <param name="cancellation">Stops between layers.</param>
    public async IAsyncEnumerable<CompletionEvent> RunAsync(PromptCache cache, [EnumeratorCancellation] CancellationToken cancellation)
    {
        long started = Stopwatch.GetTimestamp();
        ISession session = cache.Take(prompt);
        int cached = session.Length, token = -1;
        while (session.Length < prompt.Length)
        {
            token = await PrefillAsync(session, cancellation).ConfigureAwait(false);
            yield return new PrefillProgress(cached, session.Length, prompt.Length);
        }

        cache.Keep(prompt, session.Fork());
        long firstToken = Stopwatch.GetTimestamp();
        FinishReason end;
        while (true)
        {
            if (rules.Stops.Contains(token))
            {
                end = FinishReason.Stop;
                break;
            }

            foreach (CompletionEvent happened in Accept(token)) yield return happened;
            if (stops.Found is not null || parser?.IsDone == true)
            {
                end = FinishReason.Stop;
                break;
            }

            if (answer.Count >= (options.MaxTokens ?? int.MaxValue) || session.Length >= access.Model.MaxPositions)
            {
                end = FinishReason.Length;
                break;
            }

            token = await DecodeAsync(session, token, cancellation).ConfigureAwait(false);
        }

        foreach (CompletionEvent happened in Finish()) yield return happened;
        TimeSpan decodeTime = Stopwatch.GetElapsedTime(firstToken);
        cache.Keep([.. prompt, .. answer.Take(session.Length - prompt.Length)], session);
        yield return new GenerationCompleted(
            ToMessage(),
            parser?.FinishReasonFor(end) ?? end,
            stops.Found,
            new Usage(prompt.Length, cached, answer.Count, reasoningTokens),
            new Timings(Stopwatch.GetElapsedTime(started, firstToken), decodeTime, prompt.Length - cached, Math.Max(0, session.Length - prompt.Length)));
    }

    // One chunk of the prompt; after the last chunk the first token of the answer.
    private Task<int> PrefillAsync(ISession session, CancellationToken cancellation)
    {
        int start = session.Length, count = Math.Min(access.Model.MaxBatchRows, prompt.Length - start);
        bool isLast = start + count == prompt.Length;
        var batch = new Batch().Add(session, prompt.AsMemory(start, count), isLast ? LogitRows.Last : LogitRows.None);
        return access.RunAsync<int>(batch, isLast ? Sample : _ => -1, cancellation);
    }

    private Task<int> DecodeAsync(ISession session, int token, CancellationToken cancellation) =>
        access.RunAsync(new Batch().Add(session, new[] { token }), Sample, cancellation);

    private int Sample(Logits logits)
    {
        int token = sampler.Sample(logits[0]);
        if (options.LogProbabilities is { } top)
        {
            (TokenProbability picked, TokenProbability[] most) = Sampler.LogProbabilities(logits[0], token, top);
            lastSampled = new TokenSampled(picked, most);
        }

        return token;
    }

    private IEnumerable<CompletionEvent> Accept(int token)
    {
        answer.Add(token);
        if (parser?.IsReasoning == true) reasoningTokens++;
        if (lastSampled is not null) yield return lastSampled;
        foreach (CompletionEvent happened in Read(decoder.Push(token))) yield return happened;
    }

    private IEnumerable<CompletionEvent> Finish()
    {
        if (stops.Found is not null) yield break;
        foreach (CompletionEvent happened in Read(decoder.Flush())) yield return happened;
        foreach (CompletionEvent happened in parser?.Finish() ?? [])
        {
            if (Record(happened) is { } given) yield return given;
        }

        if (stops.Found is null && stops.Flush() is { Length: > 0 } rest) yield return Content(rest);
    }

    private IEnumerable<CompletionEvent> Read(string text)
    {
        if (text.Length == 0) yield break;
        foreach (CompletionEvent happened in parser?.Append(text) ?? [new ContentDelta(text)])
        {
            if (Record(happened) is { } given) yield return given;
            if (stops.Found is not null) yield break;
        }
    }

    // Content goes through the stop texts; the rest is noted and passed on.
    private CompletionEvent? Record(CompletionEvent happened)
    {
        switch (happened)
        {
            case ContentDelta delta:
                string text = stops.Push(delta.Text);
                return text.Length > 0 ? Content(text) : null;
            case ReasoningDelta delta:
                reasoning.Append(delta.Text);
                break;
            case ToolCallCompleted call:
                calls.Add(call.Call);
                break;
        }

        return happened;
    }

    private ContentDelta Content(string text)
    {
        content.Append(text);
        return new ContentDelta(text);
    }
}
