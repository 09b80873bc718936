using Fathom.Text;

namespace Fathom.Server.Chat;

/// <summary>Makes what the model reads of a branch of a conversation.</summary>
internal static class ChatPrompts
{
    /// <summary>The messages in their order.</summary>
    /// <param name="system">The system prompt; empty for none.</param>
    /// <param name="path">The branch, which ends with the question.</param>
    public static IReadOnlyList<ChatMessage> Of(string system, IEnumerable<ChatNode> path)
    {
        var messages = new List<ChatMessage>();
        if (system.Length > 0) messages.Add(ChatMessage.Of("system", system));
        foreach (ChatNode node in path)
        {
            // An answer that failed before it said anything was never there.
            bool isNothing = node.Role == "assistant" && node.Content.Length == 0 && node.Reasoning.Length == 0;
            if (!isNothing) messages.Add(new ChatMessage { Role = node.Role, Content = TextOf(node), ReasoningContent = node.Role == "assistant" ? node.Reasoning : null });
        }

        return messages;
    }

    // The way in which DeepSeek's own page tells the model of attached files.
    private static string TextOf(ChatNode node) =>
        string.Concat(node.Files.Select(file => $"[file name]: {file.Name.ReplaceLineEndings(" ")}\n[file content begin]\n{file.Text}\n[file content end]\n")) + node.Content;
}
