using System.Text.Json;
using Fathom.Inference;
using Fathom.Text;
using Microsoft.Extensions.AI;

namespace Fathom.Extensions.AI.Mapping;

/// <summary>Turns the events of one answer into updates.</summary>
/// <param name="modelId">The model's name, or null.</param>
/// <param name="options">The request's options, or null.</param>
internal sealed class AnswerMapping(string? modelId, ChatOptions? options)
{
    private readonly string id = Guid.NewGuid().ToString("N");
    private readonly DateTimeOffset createdAt = DateTimeOffset.UtcNow;
    private readonly bool showsReasoning = options?.Reasoning?.Output != ReasoningOutput.None;
    private readonly bool takesOneCall = options?.AllowMultipleToolCalls == false;

    /// <summary>The update that an event makes; null for none.</summary>
    public ChatResponseUpdate? Update(CompletionEvent happened) => happened switch
    {
        ContentDelta delta => With(new TextContent(delta.Text), happened),
        ReasoningDelta delta when showsReasoning => With(new TextReasoningContent(delta.Text), happened),
        ToolCallCompleted completed when completed.Index == 0 || !takesOneCall => With(Call(completed.Call), happened),
        GenerationCompleted completed => Last(completed),
        _ => null,
    };

    private ChatResponseUpdate Last(GenerationCompleted completed)
    {
        ChatResponseUpdate update = With(new UsageContent(Details(completed.Usage)), completed);
        update.FinishReason = completed.FinishReason switch
        {
            FinishReason.Length => ChatFinishReason.Length,
            FinishReason.ToolCalls => ChatFinishReason.ToolCalls,
            _ => ChatFinishReason.Stop,
        };
        return update;
    }

    private ChatResponseUpdate With(AIContent content, CompletionEvent happened) => new(ChatRole.Assistant, [content])
    {
        ResponseId = id,
        MessageId = id,
        ModelId = modelId,
        CreatedAt = createdAt,
        RawRepresentation = happened,
    };

    // Arguments that are no JSON object stand in the content as its exception, as the library's own callers expect.
    private static FunctionCallContent Call(ChatToolCall call) => FunctionCallContent.CreateFromParsedArguments(
        call.Arguments, call.Id, call.Name, static json => JsonSerializer.Deserialize<Dictionary<string, object?>>(json, FunctionResultText.Json));

    private static UsageDetails Details(Usage usage) => new()
    {
        InputTokenCount = usage.PromptTokens,
        OutputTokenCount = usage.CompletionTokens,
        TotalTokenCount = usage.PromptTokens + usage.CompletionTokens,
        CachedInputTokenCount = usage.CachedTokens,
        ReasoningTokenCount = usage.ReasoningTokens,
    };
}
