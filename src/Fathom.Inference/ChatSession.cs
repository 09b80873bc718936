using System.Runtime.CompilerServices;
using System.Text;
using Fathom.Text;

namespace Fathom.Inference;

/// <summary>
/// A conversation: each turn reads only what is new, because the model keeps the sessions of earlier turns.
/// Not safe for use by two threads at once.
/// </summary>
public sealed class ChatSession
{
    private readonly FathomModel model;
    private readonly List<ChatMessage> messages = [];

    internal ChatSession(FathomModel model, ChatOptions options)
    {
        this.model = model;
        Options = options;
    }

    /// <summary>How the conversation is held; may be changed between turns.</summary>
    public ChatOptions Options { get; set; }

    /// <summary>The conversation, without the system message of the options.</summary>
    public IReadOnlyList<ChatMessage> Messages => messages;

    /// <summary>Sends a user's text.</summary>
    /// <param name="text">The text. Nothing in it becomes markup.</param>
    /// <param name="cancellation">Stops the answer; what was said by then stays in the conversation.</param>
    /// <returns>Events as they happen; the last one is <see cref="GenerationCompleted"/>.</returns>
    /// <exception cref="ArgumentException">The conversation does not fit the context any more, or an option is out of its range.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public IAsyncEnumerable<CompletionEvent> SendAsync(string text, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        return SendAsync([ChatMessage.Of("user", text)], cancellation);
    }

    /// <summary>Sends messages, such as the results of tools.</summary>
    /// <param name="added">Messages to append before the answer.</param>
    /// <param name="cancellation">As for a text.</param>
    public async IAsyncEnumerable<CompletionEvent> SendAsync(IReadOnlyList<ChatMessage> added, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(added);
        int before = messages.Count;
        Answer answer = model.PrepareChat([.. Opening(), .. messages, .. added], Options);
        messages.AddRange(added);
        bool isComplete = false;
        StringBuilder content = new(), reasoning = new();
        try
        {
            await foreach (CompletionEvent happened in answer.RunAsync(cancellation).ConfigureAwait(false))
            {
                switch (happened)
                {
                    case GenerationCompleted completed:
                        messages.Add(completed.Message);
                        isComplete = true;
                        break;
                    case ContentDelta delta:
                        content.Append(delta.Text);
                        break;
                    case ReasoningDelta delta:
                        reasoning.Append(delta.Text);
                        break;
                }

                yield return happened;
            }
        }
        finally
        {
            if (!isComplete) KeepPartial(new ChatMessage { Role = "assistant", Content = content.ToString(), ReasoningContent = reasoning.ToString() }, before);
        }
    }

    /// <summary>Sends a user's text and waits for the whole answer.</summary>
    /// <returns>The content of the answer, without the reasoning.</returns>
    public async Task<string> AskAsync(string text, CancellationToken cancellation = default)
    {
        string answer = string.Empty;
        await foreach (CompletionEvent happened in SendAsync(text, cancellation).ConfigureAwait(false))
        {
            if (happened is GenerationCompleted completed) answer = completed.Message.Content ?? string.Empty;
        }

        return answer;
    }

    /// <summary>Forgets the conversation; the options stay.</summary>
    public void Reset() => messages.Clear();

    /// <summary>Writes conversation, system message and thinking mode to a JSON file.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path) => ChatFile.Write(path, Options, messages);

    /// <summary>Replaces the conversation by that of a file; generation options and tools stay.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="ChatFormatException">The file does not hold a conversation; this one stays as it is.</exception>
    public void Load(string path)
    {
        (ChatOptions loaded, IReadOnlyList<ChatMessage> said) = ChatFile.Read(path, Options);
        Reset();
        Options = loaded;
        messages.AddRange(said);
    }

    // A stopped answer stays in the conversation; when nothing was said, the question goes too.
    private void KeepPartial(ChatMessage partial, int before)
    {
        if (string.IsNullOrEmpty(partial.Content) && string.IsNullOrEmpty(partial.ReasoningContent)) messages.RemoveRange(before, messages.Count - before);
        else messages.Add(partial);
    }

    private IEnumerable<ChatMessage> Opening()
    {
        if (Options.System is null && Options.Tools.Count == 0 && Options.ResponseFormat is null) yield break;
        yield return new ChatMessage { Role = "system", Content = Options.System ?? string.Empty, Tools = Options.Tools, ResponseFormat = Options.ResponseFormat };
    }
}
