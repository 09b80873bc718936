using System.Text;

namespace Fathom.Text;

/// <summary>
/// Parses a whole completion as strictly as the reference does (chat specification, section 4.1): it refuses what
/// <see cref="CompletionParser"/> would repair. Meant for checking data and prompts, not for answers.
/// </summary>
public sealed class ReferenceParser
{
    private const string BlockStart = "\n\n<" + Markup.Dsml + "tool_calls";
    private const string BlockEnd = "</" + Markup.Dsml + "tool_calls>";
    private const string InvokeStart = "<" + Markup.Dsml + "invoke";
    private const string InvokeEnd = "</" + Markup.Dsml + "invoke>\n";
    private const string ParameterStart = "<" + Markup.Dsml + "parameter name=\"";
    private const string ParameterEnd = "</" + Markup.Dsml + "parameter";

    private readonly string text;
    private int position;

    private ReferenceParser(string text) => this.text = text;

    /// <summary>Parses a completion, end token included.</summary>
    /// <exception cref="ChatFormatException">The text is not exactly of the form.</exception>
    public static ChatMessage Parse(string completion, ThinkingMode mode)
    {
        ArgumentNullException.ThrowIfNull(completion);
        return new ReferenceParser(completion).Read(mode);
    }

    private ChatMessage Read(ThinkingMode mode)
    {
        string reasoning = string.Empty;
        if (mode == ThinkingMode.Thinking)
        {
            (reasoning, string stop) = Until(Markup.ThinkEnd, BlockStart, Markup.Eos);
            if (stop != Markup.ThinkEnd) throw Error($"the reasoning to end in {Markup.ThinkEnd}");
        }

        (string content, string end) = Until(Markup.Eos, BlockStart);
        var calls = new List<ChatToolCall>();
        if (end == BlockStart)
        {
            ReadCalls(calls);
            if (position < text.Length) Expect(Markup.Eos);
        }
        else if (end.Length == 0)
        {
            throw Error($"{Markup.Eos} at the end");
        }

        if (position < text.Length) throw Error("nothing after the end");
        CheckPlain(content, "the content");
        CheckPlain(reasoning, "the reasoning");
        return new ChatMessage { Role = "assistant", Content = content, ReasoningContent = reasoning, ToolCalls = calls };
    }

    private void ReadCalls(List<ChatToolCall> calls)
    {
        Expect(">\n");
        while (!TryTake(BlockEnd))
        {
            Expect(InvokeStart);
            while (position < text.Length && char.IsWhiteSpace(text[position])) position++;
            Expect("name=\"");
            string name = Before("\">\n");
            calls.Add(new ChatToolCall(string.Empty, name, ReadArguments()));
        }
    }

    private string ReadArguments()
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var arguments = new StringBuilder("{");
        TryTake("\n");
        while (!TryTake(InvokeEnd))
        {
            Expect(ParameterStart);
            string name = Before("\" string=\"");
            bool isString = TryTake("true\">");
            if (!isString) Expect("false\">");
            string value = Before(ParameterEnd);
            Expect(">\n");
            if (!names.Add(name)) throw Error($"each parameter once, not '{name}' again");
            if (names.Count > 1) arguments.Append(", ");
            arguments.Append(PythonJson.Dump(name)).Append(": ").Append(isString ? PythonJson.Dump(value) : value);
        }

        return arguments.Append('}').ToString();
    }

    private static void CheckPlain(string part, string what)
    {
        foreach (string token in (ReadOnlySpan<string>)[Markup.Bos, Markup.Eos, Markup.ThinkStart, Markup.ThinkEnd, Markup.Dsml])
        {
            if (part.Contains(token, StringComparison.Ordinal)) throw new ChatFormatException($"Expected no {token} inside {what}.");
        }
    }

    // Text up to the first of the stops, and which it was; everything and an empty string without any.
    private (string Before, string Stop) Until(params ReadOnlySpan<string> stops)
    {
        int first = text.Length;
        string found = string.Empty;
        foreach (string stop in stops)
        {
            int at = text.IndexOf(stop, position, StringComparison.Ordinal);
            if (at >= 0 && at < first) (first, found) = (at, stop);
        }

        string before = text[position..first];
        position = first + found.Length;
        return (before, found);
    }

    private string Before(string stop)
    {
        (string before, string found) = Until(stop);
        return found.Length > 0 ? before : throw Error(stop);
    }

    private bool TryTake(string expected)
    {
        if (string.CompareOrdinal(text, position, expected, 0, expected.Length) != 0) return false;
        position += expected.Length;
        return true;
    }

    private void Expect(string expected)
    {
        if (!TryTake(expected)) throw Error(expected);
    }

    private ChatFormatException Error(string expected)
    {
        string found = text[Math.Min(position, text.Length)..];
        found = found.Length > 40 ? found[..40] + "…" : found;
        return new ChatFormatException($"Expected {expected.ReplaceLineEndings("\\n")} at character {Math.Min(position, text.Length)}, found {(found.Length > 0 ? $"'{found.ReplaceLineEndings("\\n")}'" : "the end")}.");
    }
}
