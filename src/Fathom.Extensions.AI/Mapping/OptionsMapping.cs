using System.Text.Json;
using Fathom.Inference;
using Fathom.Text;
using Fathom.Text.Grammars;
using Microsoft.Extensions.AI;

namespace Fathom.Extensions.AI.Mapping;

/// <summary>Reads the options of a request. What it does not say is taken from the defaults.</summary>
internal static class OptionsMapping
{
    private static readonly GrammarCache Grammars = new();
    private static readonly JsonElement AnyJson = ChatJson.Parse("""{"type": "json_object"}""", "the response format");

    /// <summary>The options as Fathom has them.</summary>
    /// <exception cref="ArgumentException">A value makes no sense.</exception>
    /// <exception cref="NotSupportedException">Something is asked for that Fathom cannot do.</exception>
    public static FathomChatOptions Read(ChatOptions? options, FathomChatOptions defaults, ChatFormat format, IChatClient client)
    {
        if (options is null) return defaults;
        if (options.ConversationId is not null)
            throw new NotSupportedException("Fathom keeps no conversations under an id; send all messages with each request and leave ConversationId null.");

        FathomChatOptions start = RawOptions(options, client) ?? defaults;
        return ReasoningMapping.Read(options, start, format) with
        {
            System = options.Instructions ?? start.System,
            Tools = ToolMapping.Read(options, start.Tools),
            ForcedTools = ToolMapping.ReadForced(options) ?? start.ForcedTools,
            OneCallOnly = options.AllowMultipleToolCalls == false || start.OneCallOnly,
            ResponseFormat = ReadFormat(options.ResponseFormat, start.ResponseFormat),
            Form = ReadForm(options.ResponseFormat) ?? start.Form,
            Generation = ReadGeneration(options, start.Generation),
        };
    }

    private static FathomChatOptions? RawOptions(ChatOptions options, IChatClient client) => options.RawRepresentationFactory?.Invoke(client) switch
    {
        null => null,
        FathomChatOptions raw => raw,
        object other => throw new ArgumentException($"{nameof(ChatOptions.RawRepresentationFactory)} must return {typeof(FathomChatOptions).FullName} or null for Fathom, not {other.GetType().FullName}."),
    };

    // What the prompt says of the form.
    private static JsonElement? ReadFormat(ChatResponseFormat? wanted, JsonElement? standard) => wanted switch
    {
        null => standard,
        ChatResponseFormatJson json => json.Schema ?? AnyJson,
        _ => null,
    };

    // What the reply is held to.
    private static OutputGrammar? ReadForm(ChatResponseFormat? wanted) => wanted is not ChatResponseFormatJson json
        ? null
        : json.Schema is { } schema ? Grammars.Get(schema.GetRawText(), () => OutputGrammar.FromJsonSchema(schema, isStrict: false)) : Grammars.Get("object", OutputGrammar.JsonObject);

    private static GenerationOptions ReadGeneration(ChatOptions options, GenerationOptions standard) => standard with
    {
        MaxTokens = options.MaxOutputTokens ?? standard.MaxTokens,
        Stop = options.StopSequences is { } stops ? [.. stops] : standard.Stop,
        Sampling = standard.Sampling with
        {
            Temperature = options.Temperature ?? standard.Sampling.Temperature,
            TopP = options.TopP ?? standard.Sampling.TopP,
            TopK = options.TopK ?? standard.Sampling.TopK,
            FrequencyPenalty = options.FrequencyPenalty ?? standard.Sampling.FrequencyPenalty,
            PresencePenalty = options.PresencePenalty ?? standard.Sampling.PresencePenalty,
            Seed = options.Seed ?? standard.Sampling.Seed,
        },
    };
}
