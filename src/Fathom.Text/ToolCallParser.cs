using System.Text;
using System.Text.Json;

namespace Fathom.Text;

/// <summary>
/// Reads the markup of tool calls while it grows (chat specification, sections 4.2 and 4.3). It goes by tags alone:
/// block names of older and newer formats, any white space between tags, attributes in any order are all accepted.
/// </summary>
internal sealed class ToolCallParser(IReadOnlyList<ChatTool> tools, Func<string> newCallId, List<CompletionEvent> events)
{
    private const string ValueEnd = "</" + Markup.Dsml;

    private readonly StringBuilder pending = new();
    private readonly StringBuilder raw = new();
    private OpenCall? call;
    private OpenParameter? parameter;
    private int callCount;

    public List<ChatToolCall> Completed { get; } = [];

    public bool IsDone { get; private set; }

    /// <summary>The text read so far, up to the end of the block.</summary>
    public string Raw => raw.ToString();

    /// <summary>All text of the block so far, what is not decided yet included.</summary>
    public string Seen => raw.ToString() + pending;

    /// <summary>Reads more text of the block.</summary>
    public void Append(string text)
    {
        pending.Append(text);
        string all = pending.ToString();
        int position = 0;
        while (!IsDone)
        {
            int next = parameter is null ? ReadTag(all, position) : ReadValue(all, position);
            if (next < 0) break;
            position = next;
        }

        // What is certain of a value is taken out as it grows, so that it is not looked through again.
        if (parameter is not null && !IsDone) position = TakeValue(all, position);
        raw.Append(all, 0, position);
        pending.Clear().Append(all, position, all.Length - position);
    }

    // Reads the next tag; text before it means nothing. −1 when it is not all there yet.
    private int ReadTag(string text, int position)
    {
        int start = text.IndexOf('<', position);
        if (start < 0) return -1;
        if (string.CompareOrdinal(text, start, Markup.Eos, 0, Markup.Eos.Length) == 0)
        {
            IsDone = true;
            return start;
        }

        MarkupTag.Outcome outcome = MarkupTag.TryRead(text, start, out MarkupTag tag);
        if (outcome == MarkupTag.Outcome.Incomplete) return -1;
        if (outcome == MarkupTag.Outcome.NoTag) return start + 1;
        Handle(tag);
        return tag.End;
    }

    private void Handle(MarkupTag tag)
    {
        switch (tag.Name, tag.IsClosing)
        {
            case ("invoke", false):
                // A call that is still open has lost its end: it does not count.
                call = tag.Attribute("name") is { Length: > 0 } name ? new OpenCall(callCount++, newCallId(), name) : null;
                if (call is not null) events.Add(new ToolCallStarted(call.Index, call.Id, call.Name));
                break;
            case ("parameter", false):
                if (tag.Attribute("name") is { } key) parameter = OpenParameterOf(key, tag.Attribute("string"));
                break;
            case ("invoke", true):
                CompleteCall();
                break;
            case ("tool_calls" or "function_calls" or "calls", true):
                IsDone = true;
                break;
        }
    }

    private OpenParameter OpenParameterOf(string name, string? flag)
    {
        bool? isDeclaredString = tools.FirstOrDefault(tool => tool.Name == call?.Name)?.IsString(name);
        bool isString = flag switch
        {
            "true" => true,
            "false" => false,
            _ => isDeclaredString == true,
        };
        var opened = new OpenParameter(name, isString && call is not null);
        if (opened.IsStreamed) BeginArgument(name, "\"");
        return opened;
    }

    // Reads a value up to its closing tag; −1 when that is not there yet.
    private int ReadValue(string text, int position)
    {
        int end = text.IndexOf(ValueEnd, position, StringComparison.Ordinal);
        int eos = text.AsSpan(position, (end < 0 ? text.Length : end) - position).IndexOf(Markup.Eos);
        if (eos >= 0)
        {
            IsDone = true;
            return position + eos;
        }

        while (end >= 0)
        {
            MarkupTag.Outcome outcome = MarkupTag.TryRead(text, end, out MarkupTag tag);
            if (outcome == MarkupTag.Outcome.Incomplete) return -1;
            if (outcome == MarkupTag.Outcome.Tag && tag.Name == "parameter")
            {
                CompleteParameter(text[position..end]);
                return tag.End;
            }

            end = text.IndexOf(ValueEnd, end + 1, StringComparison.Ordinal);
        }

        return -1;
    }

    // Takes a value up to where its closing tag, or the end token, may have begun.
    private int TakeValue(string text, int position)
    {
        int end = text.IndexOf(ValueEnd, position, StringComparison.Ordinal);
        if (end < 0) end = text.Length - Math.Max(TextTail.Length(text.AsSpan(position), ValueEnd), TextTail.Length(text.AsSpan(position), Markup.Eos));
        AddValue(text[position..end]);
        return end;
    }

    private void AddValue(string text)
    {
        parameter!.Text.Append(text);
        if (!parameter.IsStreamed || text.Length == 0) return;
        var escaped = new StringBuilder();
        PythonJson.AppendEscaped(text, escaped);
        AddArguments(escaped.ToString());
    }

    private void CompleteParameter(string rest)
    {
        AddValue(rest);
        OpenParameter closed = parameter!;
        string value = closed.Text.ToString();
        if (closed.IsStreamed)
        {
            AddArguments("\"");
            call!.Arguments[closed.Name] = PythonJson.Dump(value);
        }
        else if (call is not null)
        {
            // What claims to be JSON and is not stands as text.
            string json = IsJson(value) ? value : PythonJson.Dump(value);
            BeginArgument(closed.Name, json);
            call.Arguments[closed.Name] = json;
        }

        parameter = null;
    }

    private void CompleteCall()
    {
        if (call is null) return;
        AddArguments(call.HasArguments ? "}" : "{}");
        string arguments = "{" + string.Join(", ", call.Arguments.Select(pair => $"{PythonJson.Dump(pair.Key)}: {pair.Value}")) + "}";
        var completed = new ChatToolCall(call.Id, call.Name, arguments);
        Completed.Add(completed);
        events.Add(new ToolCallCompleted(call.Index, completed));
        call = null;
    }

    private void BeginArgument(string name, string value)
    {
        AddArguments($"{(call!.HasArguments ? ", " : "{")}{PythonJson.Dump(name)}: {value}");
        call.HasArguments = true;
    }

    private void AddArguments(string json) => events.Add(new ToolCallArgumentsDelta(call!.Index, json));

    private static bool IsJson(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 64 });
            return true;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            return false;
        }
    }

    private sealed record OpenCall(int Index, string Id, string Name)
    {
        public bool HasArguments { get; set; }

        /// <summary>JSON text of each argument, in the order of first appearance.</summary>
        public OrderedDictionary<string, string> Arguments { get; } = [];
    }

    private sealed record OpenParameter(string Name, bool IsStreamed)
    {
        /// <summary>The value so far.</summary>
        public StringBuilder Text { get; } = new();
    }
}
