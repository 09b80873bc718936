namespace Fathom.Text;

/// <summary>A message as the encoder sees it, after user texts and tool results were merged into turns (chat specification, section 2.2).</summary>
internal sealed class ChatTurn
{
    public required ChatMessage Message { get; init; }

    /// <summary>user, assistant, system, developer or latest_reminder.</summary>
    public required string Role { get; init; }

    /// <summary>Texts and tool results of a user turn.</summary>
    public List<Block> Blocks { get; } = [];

    /// <summary>Whether an earlier prompt holds it, so that it is not rendered.</summary>
    public bool IsContext { get; init; }

    /// <summary>Whether reasoning was taken away.</summary>
    public bool IsWithoutReasoning { get; set; }

    public bool IsUser => Role == "user";

    public bool IsAssistant => Role == "assistant";

    /// <summary>A part of a user turn: a user's text, or the result of the call with an id.</summary>
    public sealed record Block(ChatMessage Message, string? ToolCallId)
    {
        public bool IsToolResult => ToolCallId is not null;
    }

    /// <summary>Merges messages into turns and sorts tool results by the order of their calls.</summary>
    /// <exception cref="ChatFormatException">A role or a task is unknown.</exception>
    public static List<ChatTurn> From(IReadOnlyList<ChatMessage> messages, bool isContext)
    {
        var turns = new List<ChatTurn>();
        foreach (ChatMessage message in messages)
        {
            if (message.Task is { } task && !Markup.Tasks.Contains(task))
                throw new ChatFormatException($"Unknown task '{task}'; expected one of {string.Join(", ", Markup.Tasks)}.");
            ChatTurn? last = turns.Count > 0 && turns[^1].IsUser ? turns[^1] : null;
            switch (message.Role)
            {
                case "tool":
                    if (last is null) turns.Add(last = new ChatTurn { Message = new ChatMessage { Role = "user" }, Role = "user", IsContext = isContext });
                    last.Blocks.Add(new Block(message, message.ToolCallId ?? string.Empty));
                    break;
                case "user":
                    if (last is null || last.Message.Task is not null) turns.Add(last = new ChatTurn { Message = message, Role = "user", IsContext = isContext });
                    last.Blocks.Add(new Block(message, null));
                    break;
                case "assistant" or "system" or "developer" or "latest_reminder":
                    turns.Add(new ChatTurn { Message = message, Role = message.Role, IsContext = isContext });
                    break;
                default:
                    throw new ChatFormatException($"Unknown role '{message.Role}'; expected system, user, assistant, tool, latest_reminder or developer.");
            }
        }

        return turns;
    }

    /// <summary>Brings the tool results of every turn into the order of the calls before it; texts keep their places.</summary>
    public static void SortToolResults(List<ChatTurn> turns)
    {
        IReadOnlyList<ChatToolCall> calls = [];
        foreach (ChatTurn turn in turns)
        {
            if (turn.IsAssistant && turn.Message.ToolCalls.Count > 0) calls = turn.Message.ToolCalls;
            if (!turn.IsUser || calls.Count == 0) continue;
            var sorted = new Queue<Block>(turn.Blocks.Where(block => block.IsToolResult).OrderBy(block => Place(calls, block.ToolCallId!)));
            for (int i = 0; i < turn.Blocks.Count; i++)
            {
                if (turn.Blocks[i].IsToolResult) turn.Blocks[i] = sorted.Dequeue();
            }
        }
    }

    // An id that is not among the calls counts as the first.
    private static int Place(IReadOnlyList<ChatToolCall> calls, string id)
    {
        for (int i = calls.Count - 1; i >= 0; i--)
        {
            if (calls[i].Id == id) return i;
        }

        return 0;
    }
}
