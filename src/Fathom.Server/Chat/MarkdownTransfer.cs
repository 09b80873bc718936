using System.Globalization;
using System.Text;
using Fathom.Documents;
using Fathom.Server.Errors;

namespace Fathom.Server.Chat;

/// <summary>A conversation that comes from outside: its texts, and messages whose ids count within it only.</summary>
/// <param name="Title">Its title.</param>
/// <param name="System">Its system prompt; empty for none.</param>
/// <param name="Nodes">Its messages, parents before children.</param>
/// <param name="Leaf">The last message of the branch that is shown; null for the last message.</param>
internal sealed record ImportedChat(string Title, string System, IReadOnlyList<ChatNode> Nodes, string? Leaf)
{
    /// <summary>Its documents by their ids.</summary>
    public IReadOnlyDictionary<string, SourceDocument> Documents { get; init; } = new Dictionary<string, SourceDocument>();
}

/// <summary>
/// The shown branch of a conversation as Markdown that people read and that comes back whole. Comments tell where each text begins, and a line that looks like one of them gets a backslash in
/// front, so nothing that was said can forge a message. Of documents it has the names only; their texts are in the JSON.
/// </summary>
internal static class MarkdownTransfer
{
    private const string Mark = "<!-- fathom:";
    private const string End = " -->";
    private const string Heading = "chat 1";

    /// <summary>Writes it.</summary>
    public static string Write(ChatHead head, IEnumerable<ChatNode> path)
    {
        var text = new StringBuilder();
        Line($"# {head.Title.ReplaceLineEndings(" ")}");
        Section(Heading, null, null);
        if (head.System.Length > 0) Section("system", "## System", head.System);
        foreach (ChatNode node in path)
        {
            Section(node.Role, node.Role == "user" ? "## Question" : "## Answer", null);
            if (node.Documents.Count > 0) Section("documents", null, string.Join('\n', node.Documents.Select(document => $"- {document.Path.ReplaceLineEndings(" ")}")));
            foreach (ChatAttachment file in node.Files) Section($"file {Uri.EscapeDataString(file.Name)}", null, file.Text);
            if (node.Reasoning.Length > 0) Section("reasoning", null, node.Reasoning);
            Section("text", null, node.Content);
        }

        return text.ToString();

        void Line(string line) => text.Append(line).Append('\n');

        void Section(string name, string? title, string? body)
        {
            Line(string.Empty);
            if (title is not null) Line($"{title}\n");
            Line(Mark + name + End);
            if (body is null) return;
            Line(string.Empty);
            foreach (string line in body.Split('\n')) Line(line.TrimStart('\\').StartsWith(Mark, StringComparison.Ordinal) ? "\\" + line : line);
        }
    }

    /// <summary>Reads it.</summary>
    /// <exception cref="ApiException">It is no conversation that was written here.</exception>
    public static ImportedChat Read(string text)
    {
        string[] lines = text.Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n');
        string title = lines.FirstOrDefault(line => line.StartsWith("# ", StringComparison.Ordinal))?[2..] ?? string.Empty, system = string.Empty;
        var nodes = new List<ChatNode>();
        bool isOurs = false;
        for (int i = 0; i < lines.Length; i++)
        {
            if (!lines[i].StartsWith(Mark, StringComparison.Ordinal) || !lines[i].EndsWith(End, StringComparison.Ordinal)) continue;
            string name = lines[i][Mark.Length..^End.Length];
            string? next = lines.Skip(i + 1).FirstOrDefault(line => line.StartsWith(Mark, StringComparison.Ordinal));
            string body = Body(lines, i + 1, next);
            if (name == Heading) isOurs = true;
            else if (name == "system") system = body;
            else if (name is "user" or "assistant") nodes.Add(new ChatNode { Id = nodes.Count.ToString(CultureInfo.InvariantCulture), Parent = nodes.LastOrDefault()?.Id, Role = name });
            else if (nodes.Count == 0) throw Strange($"'{name}' stands before the first message");
            else if (name == "text") nodes[^1] = nodes[^1] with { Content = body };
            else if (name == "reasoning") nodes[^1] = nodes[^1] with { Reasoning = body };
            else if (name == "documents") continue;
            else if (name.StartsWith("file ", StringComparison.Ordinal)) nodes[^1] = nodes[^1] with { Files = [.. nodes[^1].Files, new ChatAttachment(Uri.UnescapeDataString(name[5..]), body)] };
            else throw Strange($"'{name}' is not known");
        }

        return isOurs ? new ImportedChat(title, system, nodes, null) : throw Strange("it does not say that it is one");
    }

    // Between a mark and its text stands one empty line; behind it one too, and the title of what follows, if that has one.
    private static string Body(string[] lines, int from, string? next)
    {
        int to = from;
        while (to < lines.Length && !lines[to].StartsWith(Mark, StringComparison.Ordinal)) to++;
        bool hasTitle = next is not null && (next == $"{Mark}user{End}" || next == $"{Mark}assistant{End}");
        int end = next is null ? to - 1 : to - 1 - (hasTitle ? 2 : 0);
        if (end <= from + 1) return string.Empty;
        return string.Join('\n', lines[(from + 1)..end].Select(line => line.StartsWith('\\') && line.TrimStart('\\').StartsWith(Mark, StringComparison.Ordinal) ? line[1..] : line));
    }

    private static ApiException Strange(string what) => ApiException.BadRequest($"This Markdown is no conversation that Fathom exported: {what}.");
}
