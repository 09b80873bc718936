using System.Diagnostics;
using System.Text;
using System.Threading.Channels;
using Fathom.Inference.Caching;
using Fathom.Model;
using Fathom.Text;

namespace Fathom.Inference.Scheduling;

/// <summary>
/// One answer in the making. The scheduler asks which tokens to feed next and hands back their logits; everything that happens goes out as events.
/// It knows neither the model nor the other answers. Driven by the scheduler's thread; events are read by one other.
/// </summary>
internal sealed class Generation
{
    // A reader that is this far behind makes the answer wait for it.
    private const int MostUnread = 4096;

    private readonly GenerationOptions options;
    private readonly TokenRules rules;
    private readonly CompletionParser? parser;
    private readonly OutputConstraint? constraint;
    private readonly Sampler sampler;
    private readonly StopMatcher stops;
    private readonly StreamingDecoder decoder;
    private readonly int positions;
    private readonly Channel<CompletionEvent> events = Channel.CreateUnbounded<CompletionEvent>();
    private readonly TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<int> answer = [];
    private readonly StringBuilder content = new();
    private readonly StringBuilder reasoning = new();
    private readonly List<ChatToolCall> calls = [];
    private static long count;
    private readonly long id = Interlocked.Increment(ref count);
    private readonly long submitted = Stopwatch.GetTimestamp();
    private long started, firstToken;
    private int reasoningTokens, pending = -1;
    private bool isEndSampled;
    private RepetitionDetected? repetition;
    private bool[]? allowed;
    private volatile bool isCancelled;

    /// <summary>Prepares an answer.</summary>
    /// <param name="tokenizer">Turns tokens into text.</param>
    /// <param name="positions">Tokens that prompt and answer may have together.</param>
    /// <param name="prompt">What to go on from.</param>
    /// <param name="options">How to generate.</param>
    /// <param name="rules">Which tokens may come and which end the answer.</param>
    /// <param name="parser">Takes a chat's completion apart; null for plain text.</param>
    /// <param name="constraint">The form of the answer; null for any.</param>
    /// <exception cref="ArgumentException">The prompt is empty or longer than the context, or an option is out of its range.</exception>
    public Generation(Tokenizer tokenizer, int positions, GenerationPrompt prompt, GenerationOptions options, TokenRules rules, CompletionParser? parser, OutputConstraint? constraint = null)
    {
        options.Validate();
        if (prompt.Tokens.Length == 0) throw new ArgumentException("The prompt is empty; it needs at least one token.");
        if (prompt.Tokens.Length >= positions) throw new ContextLengthException(prompt.Tokens.Length, positions);
        this.positions = positions;
        this.options = options;
        this.rules = rules;
        this.parser = parser;
        this.constraint = constraint;
        Prompt = prompt;
        sampler = new Sampler(options.Sampling, rules.Forbidden);
        sampler.SeePrompt(prompt.Tokens);
        stops = new StopMatcher(options.Stop);
        decoder = new StreamingDecoder(tokenizer);
    }

    /// <summary>What to go on from.</summary>
    public GenerationPrompt Prompt { get; private set; }

    /// <summary>Whether the answer ends after its first complete tool call.</summary>
    public bool OneCallOnly { get; init; }

    /// <summary>Length at which the session was last kept.</summary>
    public int LastKept { get; set; }

    /// <summary>The sequence; set when work begins.</summary>
    public ISession Session { get; private set; } = null!;

    /// <summary>Tokens of the prompt that needed no work.</summary>
    public CachedPrefix Cached { get; private set; }

    /// <summary>How many these were.</summary>
    public int CachedTokens { get; private set; }

    /// <summary>What happens, in order; ends with the answer.</summary>
    public ChannelReader<CompletionEvent> Events => events.Reader;

    /// <summary>Done when the scheduler has let go of this answer.</summary>
    public Task Stopped => stopped.Task;

    /// <summary>Whether nobody wants the answer any more.</summary>
    public bool IsCancelled => isCancelled;

    /// <summary>Whether it has ended, in whatever way.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Whether the prompt is still being read.</summary>
    public bool IsPrefilling => Session.Length < Prompt.Tokens.Length;

    /// <summary>Whether the reader of the events is far behind.</summary>
    public bool IsWaitingForReader => events.Reader.Count > MostUnread;

    /// <summary>Begins with a session that holds the first tokens of the prompt.</summary>
    public void Start(CachedPrefix cached)
    {
        Cached = cached;
        Session = cached.Session;
        CachedTokens = LastKept = cached.Session.Length;
        started = Stopwatch.GetTimestamp();
    }

    /// <summary>The tokens to feed next.</summary>
    /// <param name="most">Of a prompt, at most this many.</param>
    public ReadOnlyMemory<int> Next(int most) =>
        IsPrefilling ? Prompt.Tokens.AsMemory(Session.Length, Math.Min(most, Prompt.Tokens.Length - Session.Length)) : new[] { pending };

    /// <summary>Asks that the session be kept at a length that it has not reached yet.</summary>
    public void KeepAt(int length)
    {
        if (!Prompt.Boundaries.Contains(length)) Prompt = Prompt with { Boundaries = [.. Prompt.Boundaries, length] };
    }

    /// <summary>Tells the reader how far the prompt is read.</summary>
    public void TellProgress() => Tell(new PrefillProgress(CachedTokens, Session.Length, Prompt.Tokens.Length));

    /// <summary>Picks the next token.</summary>
    /// <param name="logits">Of the last token that was fed, [vocabulary].</param>
    public void Advance(ReadOnlySpan<float> logits)
    {
        if (firstToken == 0) firstToken = Stopwatch.GetTimestamp();
        if (options.MaxTokens == 0)
        {
            Complete(FinishReason.Length);
            return;
        }

        int token = Pick(logits);
        if (rules.Stops.Contains(token))
        {
            isEndSampled = true;
            Complete(FinishReason.Stop);
            return;
        }

        Accept(token, logits);
        pending = token;
        if (stops.Found is not null || parser?.IsDone == true || constraint?.MustEnd == true || (OneCallOnly && calls.Count > 0)) Complete(FinishReason.Stop);
        else if (answer.Count >= (options.MaxTokens ?? int.MaxValue) || Session.Length >= positions) Complete(FinishReason.Length);
        else if (GoesInCircles()) Complete(FinishReason.Length);
    }

    /// <summary>Ends without an answer.</summary>
    public void Fail(Exception exception)
    {
        if (IsOver) return;
        IsOver = true;
        events.Writer.TryComplete(exception);
    }

    /// <summary>Asks the scheduler to let go.</summary>
    public void Cancel() => isCancelled = true;

    /// <summary>Says that the scheduler has let go.</summary>
    public void Release()
    {
        Fail(new OperationCanceledException("The answer was cancelled."));
        stopped.TrySetResult();
    }

    /// <summary>How far it is.</summary>
    public RunningAnswer Describe()
    {
        double seconds = firstToken == 0 ? 0 : Stopwatch.GetElapsedTime(firstToken).TotalSeconds;
        return new RunningAnswer(id, IsPrefilling, Prompt.Tokens.Length, Session.Length, answer.Count, seconds > 0 ? (answer.Count - 1) / seconds : 0);
    }

    /// <summary>Tokens that the session holds: of the prompt, then of the answer.</summary>
    public ReadOnlyMemory<int> Held()
    {
        int length = Session.Length, prompt = Prompt.Tokens.Length;
        return length <= prompt ? Prompt.Tokens.AsMemory(0, length) : (int[])[.. Prompt.Tokens, .. answer.Take(length - prompt)];
    }

    private int Pick(ReadOnlySpan<float> logits)
    {
        // Thought enough: the model must answer now.
        if (options.ReasoningBudget <= reasoningTokens && parser?.IsReasoning == true && rules.ThinkEnd is { } thinkEnd)
        {
            sampler.Remember(thinkEnd);
            return thinkEnd;
        }

        return sampler.Sample(logits, Allowed(logits.Length));
    }

    // The tokens that may come next; empty when all may that are not forbidden for good.
    private ReadOnlySpan<bool> Allowed(int vocabulary)
    {
        bool mayEnd = !options.IgnoresEnd && answer.Count >= options.MinTokens;
        OutputConstraint? form = parser?.IsReasoning != true && constraint?.IsActive == true ? constraint : null;
        if (mayEnd && form is null) return default;
        allowed ??= new bool[vocabulary];
        if (form is null) allowed.AsSpan().Fill(true);
        else form.Allow(allowed);
        AllowEnd(false);

        // A form that is complete goes before a number of tokens that it cannot have.
        AllowEnd((mayEnd || !allowed.AsSpan().Contains(true)) && form?.CanEnd != false);
        return allowed;

        void AllowEnd(bool may)
        {
            foreach (int stop in rules.Stops)
            {
                if ((uint)stop < (uint)vocabulary) allowed[stop] = may;
            }
        }
    }

    private void Accept(int token, ReadOnlySpan<float> logits)
    {
        bool isReasoning = parser?.IsReasoning == true;
        answer.Add(token);
        if (isReasoning) reasoningTokens++;
        if (options.LogProbabilities is { } top)
        {
            (TokenProbability picked, TokenProbability[] most) = Sampler.LogProbabilities(logits, token, top);
            Tell(new TokenSampled(picked, most) { IsReasoning = isReasoning });
        }

        Read(decoder.Push(token));
        if (!isReasoning) constraint?.Accept(token, parser?.OpenCalls);
    }

    private bool GoesInCircles()
    {
        if (repetition is not null || RepetitionDetector.Look(answer) is not { } found) return false;
        repetition = found;
        Tell(found);
        return options.StopsRepetition;
    }

    private void Complete(FinishReason end)
    {
        if (stops.Found is null)
        {
            Read(decoder.Flush());
            foreach (CompletionEvent happened in parser?.Finish() ?? []) Record(happened);
            if (stops.Found is null && stops.Flush() is { Length: > 0 } rest) AddContent(rest);
        }

        TimeSpan decode = Stopwatch.GetElapsedTime(firstToken);
        var usage = new Usage(Prompt.Tokens.Length, CachedTokens, answer.Count, reasoningTokens)
        {
            SampledTokens = answer.Count + (isEndSampled ? 1 : 0),
            CacheSource = CachedTokens > 0 ? Cached.Source : PrefixSource.None,
        };
        var timings = new Timings(Stopwatch.GetElapsedTime(started, firstToken), decode, Prompt.Tokens.Length - CachedTokens, Math.Max(0, Session.Length - Prompt.Tokens.Length))
        {
            Queue = Stopwatch.GetElapsedTime(submitted, started),
        };
        ChatMessage message = new() { Role = "assistant", Content = content.ToString(), ReasoningContent = reasoning.ToString(), ToolCalls = [.. calls], RawCalls = calls.Count > 0 ? parser!.CallsLead + parser.RawCalls : null };
        Tell(new GenerationCompleted(message, parser?.FinishReasonFor(end) ?? end, stops.Found, usage, timings) { Tokens = [.. answer], Repetition = repetition });
        IsOver = true;
        events.Writer.TryComplete();
    }

    private void Read(string text)
    {
        if (text.Length == 0) return;
        foreach (CompletionEvent happened in parser?.Append(text) ?? [new ContentDelta(text)])
        {
            Record(happened);
            if (stops.Found is not null) return;
        }
    }

    // Content goes through the stop texts; the rest is noted and passed on.
    private void Record(CompletionEvent happened)
    {
        switch (happened)
        {
            case ContentDelta delta:
                if (stops.Push(delta.Text) is { Length: > 0 } text) AddContent(text);
                return;
            case ReasoningDelta delta:
                reasoning.Append(delta.Text);
                break;
            case ToolCallCompleted call:
                calls.Add(call.Call);
                break;
        }

        Tell(happened);
    }

    private void AddContent(string text)
    {
        content.Append(text);
        Tell(new ContentDelta(text));
    }

    private void Tell(CompletionEvent happened) => events.Writer.TryWrite(happened);
}
