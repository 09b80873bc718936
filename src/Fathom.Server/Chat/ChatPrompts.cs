using Fathom.Documents;
using Fathom.Server.Chat.Attaching;
using Fathom.Text;

namespace Fathom.Server.Chat;

/// <summary>Makes what the model reads of a branch of a conversation.</summary>
/// <param name="shelf">The documents.</param>
/// <param name="isPlain">Whether nothing is told about answers from documents.</param>
internal sealed class ChatPrompts(DocumentShelf shelf, bool isPlain)
{
    /// <summary>The messages in their order. Documents stand where they were attached, before their question, so that later questions find all of it in the cache.</summary>
    /// <param name="system">The system prompt; empty for none.</param>
    /// <param name="path">The branch, which ends with the question.</param>
    /// <param name="hasRules">Whether the rules for answers from documents are told even if no document is there.</param>
    public IReadOnlyList<ChatMessage> Of(string system, IReadOnlyList<ChatNode> path, bool hasRules = false)
    {
        IReadOnlyDictionary<string, ShelvedDocuments> documents = shelf.OfBranch(path);
        var messages = new List<ChatMessage>();
        if (SystemOf(system, hasRules || path.Any(node => node.Documents.Count > 0)) is { Length: > 0 } rules) messages.Add(ChatMessage.Of("system", rules));
        foreach (ChatNode node in path)
        {
            // An answer that failed before it said anything was never there.
            bool isNothing = node.Role == "assistant" && node.Content.Length == 0 && node.Reasoning.Length == 0;
            if (!isNothing) messages.Add(new ChatMessage { Role = node.Role, Content = TextOf(node, documents), ReasoningContent = node.Role == "assistant" ? node.Reasoning : null });
        }

        return messages;
    }

    /// <summary>The messages for one part of documents that are read in parts.</summary>
    public IReadOnlyList<ChatMessage> OfPart(string system, string prompt)
    {
        ChatMessage user = ChatMessage.Of("user", prompt);
        return SystemOf(system, hasDocuments: true) is { Length: > 0 } rules ? [ChatMessage.Of("system", rules), user] : [user];
    }

    /// <summary>The system prompt, behind the rules for answers from documents where there are some.</summary>
    private string SystemOf(string system, bool hasDocuments) =>
        !hasDocuments || isPlain ? system : system.Length == 0 ? AskTemplates.Read("system").Trim() : $"{AskTemplates.Read("system").Trim()}\n\n{system}";

    private static string TextOf(ChatNode node, IReadOnlyDictionary<string, ShelvedDocuments> documents)
    {
        // The way in which DeepSeek's own page tells the model of attached texts.
        string text = string.Concat(node.Files.Select(file => $"[file name]: {file.Name.ReplaceLineEndings(" ")}\n[file content begin]\n{file.Text}\n[file content end]\n")) + node.Content;
        if (node.Notes.Length > 0) return PartReader.NotesPrompt(node.Notes, text);
        return documents.TryGetValue(node.Id, out ShelvedDocuments? shelved) ? PartReader.WholePrompt(shelved.Text, text) : text;
    }
}
