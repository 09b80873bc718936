using System.Buffers;
using System.Text;

namespace Fathom.Text;

/// <summary>
/// Takes a completion apart while it is being written: reasoning, content and tool calls (chat specification,
/// sections 4.2 and 4.3). Nothing of the markup ever comes out as text, wherever the pieces are cut; broken
/// completions are read as far as they make sense.
/// </summary>
public sealed class CompletionParser
{
    private enum State
    {
        Reasoning,
        Content,
        Calls,
        Done,
    }

    private static readonly string[] TextMarkers = ["<" + Markup.Dsml, "</" + Markup.Dsml, Markup.Dsml, Markup.ThinkEnd, Markup.ThinkStart, Markup.Eos];

    private static readonly SearchValues<string> AnyMarker = SearchValues.Create(TextMarkers, StringComparison.Ordinal);

    private readonly List<CompletionEvent> events = [];
    private readonly StringBuilder content = new();
    private readonly StringBuilder reasoning = new();
    private readonly ToolCallParser calls;
    private State state;
    private string held = string.Empty;

    /// <summary>A parser for one completion.</summary>
    /// <param name="mode">Thinking when the prompt ended in <c>&lt;think&gt;</c>.</param>
    /// <param name="tools">The tools that were offered; their schemas settle calls without type flags.</param>
    /// <param name="newCallId">Makes ids of calls; random ones when left out.</param>
    public CompletionParser(ThinkingMode mode, IReadOnlyList<ChatTool>? tools = null, Func<string>? newCallId = null)
    {
        state = mode == ThinkingMode.Thinking ? State.Reasoning : State.Content;
        calls = new ToolCallParser(tools ?? [], newCallId ?? (() => $"call_{Guid.NewGuid():N}"), events);
    }

    /// <summary>Whether the completion is over: the end token or the end of the calls was read. The rest is dropped.</summary>
    public bool IsDone => state == State.Done;

    /// <summary>Whether the parser is inside the reasoning.</summary>
    public bool IsReasoning => state == State.Reasoning;

    /// <summary>The text of the block of calls as it was written, to replay it unchanged; empty without calls.</summary>
    public string RawCalls => calls.Raw;

    /// <summary>The text of the block of calls as far as it goes, while the parser is inside one; null outside.</summary>
    public string? OpenCalls => state == State.Calls ? calls.Seen : null;

    /// <summary>The line feeds that stood before the block of calls and belong to it, at most two.</summary>
    public string CallsLead { get; private set; } = string.Empty;

    /// <summary>Reads more text.</summary>
    /// <returns>What became certain, maybe nothing.</returns>
    public IReadOnlyList<CompletionEvent> Append(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        events.Clear();
        if (text.Length > 0) Read(text);
        return [.. events];
    }

    /// <summary>Ends the completion and gives out what was held back.</summary>
    public IReadOnlyList<CompletionEvent> Finish()
    {
        events.Clear();
        if (state is State.Reasoning or State.Content) Emit(held);
        held = string.Empty;
        state = State.Done;
        return [.. events];
    }

    /// <summary>The message as far as it was read.</summary>
    public ChatMessage ToMessage() => new()
    {
        Role = "assistant",
        Content = content.ToString(),
        ReasoningContent = reasoning.ToString(),
        ToolCalls = [.. calls.Completed],
    };

    /// <summary>Why the answer ended, given how sampling ended.</summary>
    /// <param name="endedBy">Stop, or Length when a limit cut it.</param>
    public FinishReason FinishReasonFor(FinishReason endedBy) =>
        endedBy == FinishReason.Stop && calls.Completed.Count > 0 ? FinishReason.ToolCalls : endedBy;

    /// <summary>Parses a whole completion.</summary>
    /// <param name="completion">The text after the prompt.</param>
    /// <param name="mode">Thinking when the prompt ended in <c>&lt;think&gt;</c>.</param>
    /// <param name="tools">The tools that were offered.</param>
    public static CompletionParser ParseWhole(string completion, ThinkingMode mode, IReadOnlyList<ChatTool>? tools = null)
    {
        var parser = new CompletionParser(mode, tools);
        parser.Append(completion);
        parser.Finish();
        return parser;
    }

    private void Read(string text)
    {
        text = held + text;
        held = string.Empty;
        int position = 0;
        while (position < text.Length && state is State.Reasoning or State.Content) position = ReadText(text, position);
        if (state != State.Calls) return;
        calls.Append(text[position..]);
        if (calls.IsDone) state = State.Done;
    }

    // Gives out text up to the next marker; of the rest, what may still become a marker waits.
    private int ReadText(string text, int position)
    {
        ReadOnlySpan<char> rest = text.AsSpan(position);
        int at = rest.IndexOfAny(AnyMarker);
        if (at < 0)
        {
            int waiting = UndecidedTail(rest);
            Emit(rest[..^waiting].ToString());
            held = rest[^waiting..].ToString();
            return text.Length;
        }

        string marker = MarkerAt(rest[at..]);
        bool isCalls = marker.EndsWith(Markup.Dsml, StringComparison.Ordinal);

        // A block of calls takes up to two line feeds before it along.
        int end = at;
        while (isCalls && end > 0 && at - end < 2 && rest[end - 1] == '\n') end--;
        if (isCalls) CallsLead = rest[end..at].ToString();
        Emit(rest[..end].ToString());
        state = marker switch
        {
            Markup.Eos => State.Done,
            Markup.ThinkEnd => State.Content,
            Markup.ThinkStart => state,
            _ => State.Calls,
        };
        return position + at + (isCalls ? 0 : marker.Length);
    }

    private void Emit(string text)
    {
        if (text.Length == 0) return;
        (state == State.Reasoning ? reasoning : content).Append(text);
        events.Add(state == State.Reasoning ? new ReasoningDelta(text) : new ContentDelta(text));
    }

    private static string MarkerAt(ReadOnlySpan<char> text)
    {
        foreach (string marker in TextMarkers)
        {
            if (text.StartsWith(marker)) return marker;
        }

        throw new InvalidOperationException("No marker begins here.");
    }

    // The longest ending that is the beginning of a marker, with up to two line feeds before it.
    private static int UndecidedTail(ReadOnlySpan<char> text)
    {
        int longest = 0;
        foreach (string marker in TextMarkers) longest = Math.Max(longest, TextTail.Length(text, marker));
        int start = text.Length - longest;
        for (int lineFeeds = 0; lineFeeds < 2 && start > 0 && text[start - 1] == '\n'; lineFeeds++) start--;
        return text.Length - start;
    }
}
