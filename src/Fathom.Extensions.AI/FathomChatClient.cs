using System.Runtime.CompilerServices;
using Fathom.Extensions.AI.Mapping;
using Fathom.Inference;
using Fathom.Text;
using Microsoft.Extensions.AI;

namespace Fathom.Extensions.AI;

/// <summary>
/// A <see cref="FathomModel"/> as an <see cref="IChatClient"/>, so that everything written for Microsoft.Extensions.AI runs on it.
/// <code>
/// using IChatClient client = FathomChatClient.Open("DeepSeek-V4-Flash");
/// Console.WriteLine(await client.GetResponseAsync("Why is the sky blue?"));
/// </code>
/// </summary>
/// <remarks>
/// It keeps no conversation: each request carries the whole of it. Several requests may run at once. Settings that
/// Microsoft.Extensions.AI has no name for, such as min-p, come by <see cref="ChatOptions.RawRepresentationFactory"/>, which may
/// return Fathom's own <see cref="Inference.ChatOptions"/> for the rest of the request to build on. The reply's form is asked
/// for in the prompt, not enforced, and a tool call cannot be forced.
/// </remarks>
public sealed class FathomChatClient : IChatClient
{
    private readonly FathomModel model;
    private readonly ChatClientMetadata metadata;
    private readonly FathomChatOptions defaults;
    private readonly bool ownsModel;

    /// <summary>Puts a client over a model.</summary>
    /// <param name="model">The model; it stays the caller's to dispose.</param>
    /// <param name="modelId">What answers name as their model; null for nothing.</param>
    /// <param name="defaults">What holds where a request says nothing; null for Fathom's defaults.</param>
    public FathomChatClient(FathomModel model, string? modelId = null, FathomChatOptions? defaults = null)
        : this(model, modelId, defaults, false)
    {
    }

    private FathomChatClient(FathomModel model, string? modelId, FathomChatOptions? defaults, bool ownsModel)
    {
        ArgumentNullException.ThrowIfNull(model);
        this.model = model;
        this.ownsModel = ownsModel;
        this.defaults = defaults ?? new FathomChatOptions();
        metadata = new ChatClientMetadata("fathom", null, modelId);
    }

    /// <summary>Opens a model for one client, which closes it when it is disposed. Answers name the last part of the path as their model.</summary>
    /// <param name="path">A checkpoint folder or a .gguf file.</param>
    /// <param name="options">How the model is opened; null for the defaults.</param>
    /// <param name="defaults">What holds where a request says nothing; null for Fathom's defaults.</param>
    /// <exception cref="Checkpoints.CheckpointException">There is no sound V4 checkpoint.</exception>
    /// <exception cref="TokenizerException">There is no sound tokenizer.</exception>
    /// <exception cref="InvalidDataException">The tokenizer does not belong to the model.</exception>
    public static IChatClient Open(string path, FathomModelOptions? options = null, FathomChatOptions? defaults = null) =>
        new FathomChatClient(FathomModel.Open(path, options), ModelPath.NameOf(path), defaults, true);

    /// <summary>Answers a conversation.</summary>
    /// <param name="messages">The conversation; the last message is a user's text or a tool's result.</param>
    /// <param name="options">null for the defaults.</param>
    /// <param name="cancellationToken">Stops the answer.</param>
    /// <returns>The answer; its raw representation is the <see cref="GenerationCompleted"/> event, which has the timings and the stop text too.</returns>
    /// <exception cref="ArgumentException">The messages are no conversation to answer or do not fit the context, or an option is out of its range.</exception>
    /// <exception cref="ChatFormatException">The messages do not follow the model's chat format.</exception>
    /// <exception cref="NotSupportedException">A message or an option asks for what Fathom cannot do, such as looking at an image.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var updates = new List<ChatResponseUpdate>();
        await foreach (ChatResponseUpdate update in GetStreamingResponseAsync(messages, options, cancellationToken).ConfigureAwait(false)) updates.Add(update);
        ChatResponse response = updates.ToChatResponse();
        response.RawRepresentation = updates[^1].RawRepresentation;
        return response;
    }

    /// <summary>Answers a conversation piece by piece.</summary>
    /// <param name="messages">As for a whole answer.</param>
    /// <param name="options">null for the defaults.</param>
    /// <param name="cancellationToken">Stops the answer.</param>
    /// <returns>Reasoning and text as they grow, tool calls when they are complete; the last update has the finish reason and the usage.</returns>
    /// <exception cref="ArgumentException">As for a whole answer.</exception>
    /// <exception cref="NotSupportedException">As for a whole answer.</exception>
    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        FathomChatOptions wanted = OptionsMapping.Read(options, defaults, model.ChatFormat, this);
        IReadOnlyList<FathomMessage> conversation = MessageMapping.Read(messages, wanted);
        return StreamAsync(conversation, wanted, new AnswerMapping(metadata.DefaultModelId, options), cancellationToken);
    }

    /// <summary>The model (<see cref="FathomModel"/>), <see cref="ChatClientMetadata"/>, or this client; null for any other type and for keys.</summary>
    /// <param name="serviceType">The type that is asked for.</param>
    /// <param name="serviceKey">null; there are no services with a key.</param>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null) return null;
        if (serviceType == typeof(ChatClientMetadata)) return metadata;
        if (serviceType == typeof(FathomModel)) return model;
        return serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <summary>Closes the model if <see cref="Open"/> opened it; else it belongs to whoever did.</summary>
    public void Dispose()
    {
        if (ownsModel) model.Dispose();
    }

    private async IAsyncEnumerable<ChatResponseUpdate> StreamAsync(
        IReadOnlyList<FathomMessage> conversation, FathomChatOptions wanted, AnswerMapping answer, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (CompletionEvent happened in model.ChatAsync(conversation, wanted, cancellation).ConfigureAwait(false))
        {
            if (answer.Update(happened) is { } update) yield return update;
        }
    }
}
