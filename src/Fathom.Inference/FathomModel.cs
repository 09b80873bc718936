using System.Runtime.CompilerServices;
using Fathom.Checkpoints.Gguf;
using Fathom.Model;
using Fathom.Text;

namespace Fathom.Inference;

/// <summary>
/// An opened model: the way into Fathom for programs.
/// <code>
/// using FathomModel model = FathomModel.Open("DeepSeek-V4-Flash");
/// using ChatSession chat = model.StartChat();
/// await foreach (CompletionEvent e in chat.SendAsync("Hello!"))
///     if (e is ContentDelta delta) Console.Write(delta.Text);
/// </code>
/// </summary>
/// <remarks>Several answers may be in the making at once; their forwards take turns, and none changes another's numbers.</remarks>
public sealed class FathomModel : IDisposable
{
    private readonly ModelAccess access;
    private readonly ChatEncoder encoder;

    /// <summary>Puts a model and its texts together. The model becomes this object's own.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="format">Its chat format.</param>
    /// <exception cref="InvalidDataException">The tokenizer has ids that the model lacks.</exception>
    public FathomModel(ILanguageModel model, Tokenizer tokenizer, ChatFormat format)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (tokenizer.VocabularySize > model.VocabularySize)
            throw new InvalidDataException($"The tokenizer has {tokenizer.VocabularySize} ids, but the model only {model.VocabularySize}; they do not belong together.");
        access = new ModelAccess(model);
        encoder = new ChatEncoder(format);
        Tokenizer = tokenizer;
    }

    /// <summary>The model's tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The model's chat format.</summary>
    public ChatFormat ChatFormat => encoder.Format;

    /// <summary>The model below, which deals in token ids and logits.</summary>
    public ILanguageModel Model => access.Model;

    /// <summary>Tokens that prompt and answer may have together.</summary>
    public int ContextLength => access.Model.MaxPositions;

    /// <summary>Opens a checkpoint folder or a GGUF file. Weights stay on disk, memory-mapped; nothing is fetched from anywhere.</summary>
    /// <param name="path">Folder with config.json, safetensors files and tokenizer.json; or a .gguf file, any part of a split one.</param>
    /// <param name="options">null for the defaults.</param>
    /// <exception cref="Checkpoints.CheckpointException">There is no sound V4 checkpoint.</exception>
    /// <exception cref="TokenizerException">There is no sound tokenizer.</exception>
    /// <exception cref="InvalidDataException">The tokenizer does not belong to the model.</exception>
    public static FathomModel Open(string path, FathomModelOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new FathomModelOptions();
        V4Model model = V4Model.Open(path, options.Model);
        try
        {
            GgufVocabulary? vocabulary = model.Checkpoint.Vocabulary;
            Tokenizer tokenizer = options.TokenizerPath is null && vocabulary is not null
                ? GgufTokenizer.From(vocabulary)
                : Tokenizer.Load(options.TokenizerPath ?? Path.Combine(path, "tokenizer.json"));

            // GGUF files do not say which encoding they were trained with.
            ChatFormat format = options.ChatFormat ?? (vocabulary is null ? ChatFormats.Of(File.ReadAllBytes(Path.Combine(path, "config.json"))) : ChatFormat.Release);
            return new FathomModel(model, tokenizer, format);
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
        using var cache = new PromptCache(access.Model);
        Generation generation = Prepare(messages, options ?? new ChatOptions());
        await foreach (CompletionEvent happened in generation.RunAsync(cache, cancellation).ConfigureAwait(false)) yield return happened;
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
        using var cache = new PromptCache(access.Model);
        int[] prompt = Tokenizer.Encode([PromptSpan.Markup(Markup.Bos), PromptSpan.Content(text)]);
        var generation = new Generation(access, Tokenizer, prompt, options ?? new GenerationOptions(), TokenRules.ForText(Tokenizer, access.Model.VocabularySize), null);
        await foreach (CompletionEvent happened in generation.RunAsync(cache, cancellation).ConfigureAwait(false)) yield return happened;
    }

    /// <summary>The prompt of a conversation.</summary>
    /// <exception cref="ChatFormatException">The messages do not follow the format.</exception>
    public ChatPrompt Render(IReadOnlyList<ChatMessage> messages, ChatOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return encoder.Encode(messages, new ChatEncodingOptions
        {
            ThinkingMode = options.ThinkingMode,
            ReasoningEffort = options.ReasoningEffort,
            DropsThinking = options.DropsThinking,
        });
    }

    /// <summary>Closes the model, after the forward that is running. Answers in the making end with <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose() => access.Dispose();

    internal Generation Prepare(IReadOnlyList<ChatMessage> messages, ChatOptions options)
    {
        ChatPrompt prompt = Render(messages, options);
        ChatTool[] tools = [.. messages.SelectMany(message => message.Tools)];
        var parser = new CompletionParser(prompt.OpensThinking ? ThinkingMode.Thinking : ThinkingMode.Chat, tools);
        TokenRules rules = TokenRules.ForChat(Tokenizer, access.Model.VocabularySize, tools.Length > 0);
        return new Generation(access, Tokenizer, Tokenizer.Encode(prompt.Spans), options.Generation, rules, parser);
    }
}
