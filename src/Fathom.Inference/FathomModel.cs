using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Fathom.Inference.Caching;
using Fathom.Inference.Scheduling;
using Fathom.Model;
using Fathom.Text;
using Fathom.Text.Grammars;

namespace Fathom.Inference;

/// <summary>
/// An opened model: the way into Fathom for programs.
/// <code>
/// using FathomModel model = FathomModel.Open("DeepSeek-V4-Flash");
/// ChatSession chat = model.StartChat();
/// await foreach (CompletionEvent e in chat.SendAsync("Hello!"))
///     if (e is ContentDelta delta) Console.Write(delta.Text);
/// </code>
/// </summary>
/// <remarks>
/// Many answers may be in the making at once: they share the steps of the model, and none changes another's numbers. Beginnings of prompts are kept and used again.
/// May be used by several threads.
/// </remarks>
public sealed class FathomModel : IDisposable
{
    private readonly Scheduler scheduler;
    private readonly ChatEncoder encoder;
    private readonly AnswerStore answers;
    private readonly TokenRules chatRules, toolRules, textRules;
    private readonly int? userToken;
    private readonly Lazy<TokenTrie> textTokens, callTokens;
    private readonly GrammarCache grammars = new();

    /// <summary>Puts a model and its texts together. The model becomes this object's own.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="format">Its chat format.</param>
    /// <param name="engine">How answers share it; null for the defaults. Where the model has a plan of memory under a budget, answers stay within it.</param>
    /// <exception cref="InvalidDataException">The tokenizer has ids that the model lacks.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="IOException">The cache folder cannot be used.</exception>
    public FathomModel(ILanguageModel model, Tokenizer tokenizer, ChatFormat format, EngineOptions? engine = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (tokenizer.VocabularySize > model.VocabularySize)
            throw new InvalidDataException($"The tokenizer has {tokenizer.VocabularySize} ids, but the model only {model.VocabularySize}; they do not belong together.");
        engine ??= new EngineOptions();
        engine.Validate();
        Engine = engine = model is V4Model planned ? engine.Within(planned.MemoryPlan) : engine;
        encoder = new ChatEncoder(format);
        Tokenizer = tokenizer;
        chatRules = TokenRules.ForChat(tokenizer, model.VocabularySize, hasTools: false);
        toolRules = TokenRules.ForChat(tokenizer, model.VocabularySize, hasTools: true);
        textRules = TokenRules.ForText(tokenizer, model.VocabularySize);
        textTokens = new Lazy<TokenTrie>(() => new TokenTrie(tokenizer, id => !tokenizer.IsAdded(id) && !textRules.Forbidden[id]));
        int? dsml = tokenizer.FindAddedToken(Markup.Dsml);
        callTokens = new Lazy<TokenTrie>(() => new TokenTrie(tokenizer, id => (id == dsml || !tokenizer.IsAdded(id)) && !textRules.Forbidden[id]));
        userToken = tokenizer.FindAddedToken(Markup.User);
        Identity = SHA256.HashData([.. model.Identity.Span, .. tokenizer.Identity()]);
        PrefixFolder? folder = engine.CacheFolder is null ? null : new PrefixFolder(engine, Identity, model.MaxPositions);
        answers = new AnswerStore(engine.CacheFolder is null ? null : new AnswerFile(engine.CacheFolder, Identity, engine.Notice));
        scheduler = new Scheduler(model, engine, folder);
    }

    /// <summary>The model's tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The model's chat format.</summary>
    public ChatFormat ChatFormat => encoder.Format;

    /// <summary>The model below, which deals in token ids and logits. Its forwards are the engine's: do not run any while answers are being made.</summary>
    public ILanguageModel Model => scheduler.Model;

    /// <summary>Tokens that prompt and answer may have together.</summary>
    public int ContextLength => scheduler.Model.MaxPositions;

    /// <summary>Tells model, numeric profile and tokenizer from others, 32 bytes.</summary>
    public IReadOnlyList<byte> Fingerprint => Identity;

    /// <summary>How answers share the model: what was asked for, as far as the plan of memory has room for it.</summary>
    public EngineOptions Engine { get; }

    /// <summary>What the engine is doing.</summary>
    public EngineStatus Status => scheduler.Status;

    private byte[] Identity { get; }

    /// <summary>Opens a checkpoint folder, a GGUF file or a model that was pulled. Weights stay on disk, memory-mapped, unless there is a memory budget; nothing is fetched from anywhere.</summary>
    /// <param name="path">Folder with config.json, safetensors files and tokenizer.json; or a .gguf file, any part of a split one; or <c>owner/name[@revision]</c> of a model in the store (<see cref="ModelPath"/>).</param>
    /// <param name="options">null for the defaults.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such path, and no pulled model of this name.</exception>
    /// <exception cref="Hub.HubException">The pulled model is not whole.</exception>
    /// <exception cref="Checkpoints.CheckpointException">There is no sound V4 checkpoint.</exception>
    /// <exception cref="TokenizerException">There is no sound tokenizer.</exception>
    /// <exception cref="InvalidDataException">The tokenizer does not belong to the model.</exception>
    /// <exception cref="ArgumentException">An option is out of its range, or the memory budget is too small.</exception>
    /// <exception cref="IOException">The cache folder cannot be used.</exception>
    public static FathomModel Open(string path, FathomModelOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        path = ModelPath.Resolve(path);
        options ??= new FathomModelOptions();
        V4Model model = V4Model.Open(path, options.Model with { Reserve = options.Engine.ReserveFor(options.Model.Reserve) });
        try
        {
            (Tokenizer tokenizer, ChatFormat format) = ModelTokenizer.Of(model.Checkpoint, options.TokenizerPath);
            return new FathomModel(model, tokenizer, options.ChatFormat ?? format, options.Engine);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Starts a conversation.</summary>
    /// <param name="options">null for the defaults.</param>
    public ChatSession StartChat(ChatOptions? options = null) => new(this, options ?? new ChatOptions());

    /// <summary>Answers a conversation that the caller keeps.</summary>
    /// <param name="messages">The conversation so far; system texts, tools and reply format of the options are not added to it.</param>
    /// <param name="options">null for the defaults.</param>
    /// <param name="cancellation">Stops the answer.</param>
    /// <returns>Events as they happen; the last one is <see cref="GenerationCompleted"/>.</returns>
    /// <exception cref="ChatFormatException">The messages do not follow the format.</exception>
    /// <exception cref="ArgumentException">The prompt does not fit the context, or an option is out of its range.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async IAsyncEnumerable<CompletionEvent> ChatAsync(IReadOnlyList<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        Answer answer = PrepareChat(messages, options ?? new ChatOptions());
        await foreach (CompletionEvent happened in answer.RunAsync(cancellation).ConfigureAwait(false)) yield return happened;
    }

    /// <summary>Goes on from plain text, without any chat markup.</summary>
    /// <param name="text">The beginning; the begin token is put in front.</param>
    /// <param name="options">null for the defaults.</param>
    /// <param name="cancellation">Stops the text.</param>
    /// <returns>Events as they happen: text comes as <see cref="ContentDelta"/>.</returns>
    /// <exception cref="ArgumentException">The prompt does not fit the context, or an option is out of its range.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async IAsyncEnumerable<CompletionEvent> ContinueAsync(string text, GenerationOptions? options = null, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        Answer answer = PrepareText(Tokenizer.Encode([PromptSpan.Markup(Markup.Bos), PromptSpan.Content(text)]), new ChatOptions { Generation = options ?? new GenerationOptions() });
        await foreach (CompletionEvent happened in answer.RunAsync(cancellation).ConfigureAwait(false)) yield return happened;
    }

    /// <summary>Encodes a conversation and makes sure that it fits.</summary>
    /// <param name="messages">The conversation so far; system texts, tools and reply format of the options are not added to it.</param>
    /// <param name="options">How to answer.</param>
    /// <exception cref="ChatFormatException">The messages do not follow the format.</exception>
    /// <exception cref="ContextLengthException">The prompt does not fit the context.</exception>
    /// <exception cref="GrammarException">A forced tool's schema is impossible.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public Answer PrepareChat(IReadOnlyList<ChatMessage> messages, ChatOptions options)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ArgumentNullException.ThrowIfNull(options);
        ChatPrompt prompt = Render(messages, options);
        ChatTool[] tools = [.. messages.SelectMany(message => message.Tools)];
        var parser = new CompletionParser(prompt.OpensThinking ? ThinkingMode.Thinking : ThinkingMode.Chat, tools, options.NewCallId);
        int[] tokens = Tokenizer.Encode(prompt.Spans);
        var asked = new GenerationPrompt(tokens) { Boundaries = PromptBoundaries.Of(tokens, userToken, Tokenizer), Space = options.CacheSpace, Client = options.Client };
        var generation = new Generation(Tokenizer, ContextLength, asked, options.Generation, tools.Length > 0 ? toolRules : chatRules, parser, ConstraintOf(options, tools)) { OneCallOnly = options.OneCallOnly };
        return new Answer(scheduler, generation, completed => Remember(options.CacheSpace, messages, prompt.OpensThinking, completed));
    }

    /// <summary>Prepares to go on from tokens, without any chat markup.</summary>
    /// <param name="tokens">At least one.</param>
    /// <param name="options">How to generate; what belongs to conversations does not count.</param>
    /// <exception cref="ContextLengthException">The prompt does not fit the context.</exception>
    /// <exception cref="ArgumentException">There is no token, or an option is out of its range.</exception>
    public Answer PrepareText(int[] tokens, ChatOptions options)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(options);
        var asked = new GenerationPrompt(tokens) { Space = options.CacheSpace, Client = options.Client };
        return new Answer(scheduler, new Generation(Tokenizer, ContextLength, asked, options.Generation, textRules, null, ConstraintOf(options, [])));
    }

    /// <summary>The prompt of a conversation.</summary>
    /// <exception cref="ChatFormatException">The messages do not follow the format.</exception>
    public ChatPrompt Render(IReadOnlyList<ChatMessage> messages, ChatOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return encoder.Encode(answers.Restore(options.CacheSpace, messages), new ChatEncodingOptions
        {
            ThinkingMode = options.ThinkingMode,
            ReasoningEffort = options.ReasoningEffort,
            DropsThinking = options.DropsThinking,
            SampledTokens = text => answers.TokensOf(options.CacheSpace, text),
        });
    }

    /// <summary>How many tokens of a conversation's prompt the cache folder holds, so that they need not be read again.</summary>
    /// <exception cref="ChatFormatException">The messages do not follow the format.</exception>
    public int KeptTokens(IReadOnlyList<ChatMessage> messages, ChatOptions options)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ArgumentNullException.ThrowIfNull(options);
        return scheduler.LengthInFolder(options.CacheSpace, Tokenizer.Encode(Render(messages, options).Spans));
    }

    /// <summary>The message that made a call, when it was made here; null otherwise.</summary>
    /// <param name="callId">The call's id.</param>
    /// <param name="space">Whose calls.</param>
    public ChatMessage? FindCall(string callId, string space = "")
    {
        return answers.FindCall(space, callId) is { } answer
            ? new ChatMessage { Role = "assistant", Content = answer.Content, ReasoningContent = answer.Reasoning, ToolCalls = answer.Calls, RawCalls = answer.RawCalls }
            : null;
    }

    /// <summary>Forgets kept beginnings in memory.</summary>
    /// <param name="space">Whose; null for all.</param>
    public void ClearCache(string? space = null) => scheduler.ClearCache(space);

    /// <summary>Closes the model after the step that is running. Answers in the making end with <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose() => scheduler.Dispose();

    private OutputConstraint? ConstraintOf(ChatOptions options, ChatTool[] tools)
    {
        if (tools.Length == 0) return options.Form is { } form ? new OutputConstraint(Tokenizer, textTokens.Value, [form], null) : null;
        if (options.ForcedTools is { } names)
        {
            ChatTool[] forced = [.. tools.Where(tool => names.Contains(tool.Name))];
            return new OutputConstraint(Tokenizer, callTokens.Value, [CallsOf(forced, options)], null);
        }

        OutputGrammar? calls = null;
        try
        {
            calls = CallsOf(tools, options);
        }
        catch (GrammarException) when (!options.StrictTools)
        {
            // Nobody asked for arguments that fit: such a tool is offered, and its calls are read as they come.
        }

        return new OutputConstraint(Tokenizer, callTokens.Value, options.Form is null ? [] : calls is null ? [options.Form] : [options.Form, calls], calls);
    }

    private OutputGrammar CallsOf(ChatTool[] tools, ChatOptions options)
    {
        string description = $"{ChatFormat} {options.StrictTools} {options.OneCallOnly} {string.Join('\n', tools.Select(tool => tool.Function.GetRawText()))}";
        return grammars.Get(description, () => OutputGrammar.FromToolCalls(ChatFormat, tools, options.StrictTools, allowsSeveral: !options.OneCallOnly));
    }

    // Only what would be rendered to just this text is worth remembering.
    private void Remember(string space, IReadOnlyList<ChatMessage> messages, bool isThinking, GenerationCompleted completed)
    {
        ChatMessage message = completed.Message;
        bool isWhole = completed.FinishReason != FinishReason.Length && completed.StopText is null;
        if (!isWhole) return;
        int[] tokens = [.. completed.Tokens];
        int contentStart = isThinking && Tokenizer.FindAddedToken(Markup.ThinkEnd) is { } thinkEnd ? Array.IndexOf(tokens, thinkEnd) + 1 : 0;
        var answer = new AnswerStore.Answer(space, AnswerStore.ContextOf(messages), isThinking ? message.ReasoningContent ?? string.Empty : null, message.Content ?? string.Empty, message.RawCalls, message.ToolCalls, tokens, contentStart);
        bool isFaithful = (!isThinking || contentStart > 0) && Tokenizer.Decode(tokens) == answer.Text;
        if (isFaithful) answers.Add(answer);
    }
}
