namespace Fathom.Text;

/// <summary>Turns messages into the prompt that the model was trained on (chat specification, part 2; part 6 for V4.1).</summary>
/// <param name="format">Which official encoding.</param>
public sealed class ChatEncoder(ChatFormat format)
{
    private readonly ToolMarkup toolMarkup = new(format);

    /// <summary>Which official encoding this is.</summary>
    public ChatFormat Format => format;

    private bool IsV41 => format == ChatFormat.V41;

    /// <summary>Renders messages.</summary>
    /// <param name="messages">The conversation, or what is new of it when the options name a context.</param>
    /// <param name="options">null for the defaults.</param>
    /// <exception cref="ChatFormatException">A role, task or effort is unknown, a developer message is empty, or content has a part that the model cannot read.</exception>
    public ChatPrompt Encode(IReadOnlyList<ChatMessage> messages, ChatEncodingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(messages);
        options ??= new ChatEncodingOptions();
        List<ChatTurn> turns = [.. ChatTurn.From(options.Context, isContext: true), .. ChatTurn.From(messages, isContext: false)];
        ChatTurn.SortToolResults(turns);

        bool isThinking = options.ThinkingMode == ThinkingMode.Thinking;
        bool drops = options.DropsThinking && !turns.Exists(turn => turn.Message.Tools.Count > 0);
        if (isThinking && drops) turns = WithoutEarlierThinking(turns);
        string effort = ReasoningEfforts.TextOf(format, options.ReasoningEffort);

        var rendering = new Rendering(turns, isThinking, drops, LastQuestion(turns), options.SampledTokens);
        var prompt = new ChatPrompt.Builder();
        if (options.AddsBos && options.Context.Count == 0) prompt.Markup(Markup.Bos);
        for (int i = 0; i < turns.Count; i++)
        {
            if (turns[i].IsContext) continue;
            if (i == 0) AppendStart(prompt, turns[i], isThinking ? effort : string.Empty);
            AppendTurn(prompt, rendering, i);
            AppendTransition(prompt, rendering, i);
        }

        return new ChatPrompt(prompt.Build()) { OpensThinking = rendering.OpensThinking };
    }

    private sealed record Rendering(List<ChatTurn> Turns, bool IsThinking, bool Drops, int LastQuestion, Func<string, IReadOnlyList<int>?>? SampledTokens)
    {
        public bool OpensThinking { get; set; }
    }

    // V4.1 marks a system text at the start, and an effort line even without one.
    private void AppendStart(ChatPrompt.Builder prompt, ChatTurn first, string effort)
    {
        if (IsV41 && (first.Role == "system" || effort.Length > 0)) prompt.Markup(Markup.System);
        prompt.Markup(effort);
    }

    // Before the last question, assistant messages lose their reasoning, and developer messages go altogether.
    private List<ChatTurn> WithoutEarlierThinking(List<ChatTurn> turns)
    {
        int last = LastQuestion(turns);
        var kept = new List<ChatTurn>(turns.Count);
        for (int i = 0; i < turns.Count; i++)
        {
            if (i < last && turns[i].Role == "developer") continue;
            if (i < last) turns[i].IsWithoutReasoning = true;
            kept.Add(turns[i]);
        }

        return kept;
    }

    private int LastQuestion(List<ChatTurn> turns)
    {
        int last = turns.Count - 1;
        while (last >= 0 && !IsQuestion(turns[last], last)) last--;
        return last;
    }

    private bool IsQuestion(ChatTurn turn, int index) => turn.Role is "user" or "developer" || (IsV41 && turn.Role == "system" && index > 0);

    private void AppendTurn(ChatPrompt.Builder prompt, Rendering rendering, int index)
    {
        ChatTurn turn = rendering.Turns[index];
        switch (turn.Role)
        {
            case "system":
                if (IsV41 && index > 0) prompt.Markup(Markup.System);
                AppendContent(prompt, turn.Message);
                AppendOffers(prompt, turn.Message);
                break;
            case "developer":
                if (string.IsNullOrEmpty(turn.Message.Content) && turn.Message.Parts is not { Count: > 0 })
                    throw new ChatFormatException("A developer message must have content.");
                prompt.Markup(Markup.User);
                AppendContent(prompt, turn.Message);
                AppendOffers(prompt, turn.Message);
                break;
            case "user":
                prompt.Markup(Markup.User);
                AppendBlocks(prompt, turn);
                break;
            case "latest_reminder":
                prompt.Markup(Markup.LatestReminder);
                AppendContent(prompt, turn.Message);
                break;
            default:
                AppendAssistant(prompt, rendering, index);
                break;
        }
    }

    private void AppendOffers(ChatPrompt.Builder prompt, ChatMessage message)
    {
        if (message.Tools.Count > 0)
        {
            prompt.Markup("\n\n");
            toolMarkup.AppendTools(prompt, message.Tools);
        }

        if (message.ResponseFormat is { } schema)
        {
            prompt.Markup("\n\n");
            ToolMarkup.AppendResponseFormat(prompt, schema);
        }
    }

    private void AppendBlocks(ChatPrompt.Builder prompt, ChatTurn turn)
    {
        for (int i = 0; i < turn.Blocks.Count; i++)
        {
            if (i > 0) prompt.Markup("\n\n");
            ChatTurn.Block block = turn.Blocks[i];
            if (block.IsToolResult) prompt.Markup("<tool_result>");
            AppendContent(prompt, block.Message);
            if (block.IsToolResult) prompt.Markup("</tool_result>");
        }
    }

    // A turn that the model wrote itself goes in with the tokens it picked: encoding its text may give others.
    private void AppendAssistant(ChatPrompt.Builder prompt, Rendering rendering, int index)
    {
        var turn = new ChatPrompt.Builder();
        AppendAnswer(turn, rendering, index);
        IReadOnlyList<PromptSpan> spans = turn.Build();
        bool isOpenEnded = rendering.Turns[index].Message.IsOpenEnded;
        if (!isOpenEnded && rendering.SampledTokens is { } find)
        {
            string text = string.Concat(spans.Select(span => span.Text));
            if (find(text) is { } ids) spans = [new PromptSpan(text, IsMarkup: true) { Ids = ids }];
        }

        foreach (PromptSpan span in spans) prompt.Add(span);
        if (!isOpenEnded) prompt.Markup(Markup.Eos);
    }

    private void AppendAnswer(ChatPrompt.Builder prompt, Rendering rendering, int index)
    {
        ChatTurn turn = rendering.Turns[index];
        ChatMessage message = turn.Message;
        bool isAnswerToTask = index > 0 && rendering.Turns[index - 1].Message.Task is not null;
        bool hasReasoning = rendering.IsThinking && !isAnswerToTask && !turn.IsWithoutReasoning && (!rendering.Drops || index > rendering.LastQuestion);
        if (hasReasoning)
        {
            prompt.Content(message.ReasoningContent ?? string.Empty);
            if (GoesOnReasoning(message))
            {
                rendering.OpensThinking = true;
                return;
            }

            prompt.Markup(Markup.ThinkEnd);
        }

        rendering.OpensThinking = false;
        AppendContent(prompt, message);
        if (message.RawCalls is { Length: > 0 } raw)
        {
            prompt.Markup(raw);
        }
        else if (message.ToolCalls.Count > 0)
        {
            prompt.Markup("\n\n");
            toolMarkup.AppendCalls(prompt, message.ToolCalls);
        }
    }

    private static bool GoesOnReasoning(ChatMessage message) =>
        message is { IsOpenEnded: true, Content: null, Parts: null, ToolCalls.Count: 0 } && !string.IsNullOrEmpty(message.ReasoningContent);

    // What follows a message: a task token, or the marker that starts the answer (section 2.4).
    private void AppendTransition(ChatPrompt.Builder prompt, Rendering rendering, int index)
    {
        ChatTurn turn = rendering.Turns[index];
        if (index + 1 < rendering.Turns.Count && rendering.Turns[index + 1].Role is not ("assistant" or "latest_reminder")) return;

        if (turn.Message.Task is { } task)
        {
            if (task == "action") prompt.Markup(Markup.Assistant + (rendering.IsThinking ? Markup.ThinkStart : Markup.ThinkEnd));
            prompt.Markup(Markup.TaskToken(task));
            rendering.OpensThinking = false;
        }
        else if (IsQuestion(turn, index))
        {
            rendering.OpensThinking = rendering.IsThinking && (!rendering.Drops || index >= rendering.LastQuestion);
            prompt.Markup(Markup.Assistant + (rendering.OpensThinking ? Markup.ThinkStart : Markup.ThinkEnd));
        }
    }

    // Texts of a list are joined by an empty line. In tool results a part that cannot be read is named; elsewhere it is refused.
    private void AppendContent(ChatPrompt.Builder prompt, ChatMessage message)
    {
        prompt.Content(message.Content ?? string.Empty);
        if (message.Parts is not { } parts) return;
        for (int i = 0; i < parts.Count; i++)
        {
            if (i > 0) prompt.Markup("\n\n");
            ChatContentPart part = parts[i];
            if (part.Type is "text" or "input_text" or "output_text") prompt.Content(part.Text ?? string.Empty);
            else if (IsV41 && part.Type is ("image" or "image_url" or "input_image")) prompt.Markup(Markup.Image);
            else if (message.Role == "tool") prompt.Content($"[Unsupported {part.Type}]");
            else throw new ChatFormatException($"A {message.Role} message has a part of type '{part.Type}', which this model cannot read; send text.");
        }
    }
}
