using System.Text.Json;
using System.Text.Json.Serialization;
using Fathom.Text;
using Microsoft.Extensions.AI;

namespace Fathom.Extensions.AI.Mapping;

/// <summary>Decides which tools a request offers. The one place that knows which tool modes there are.</summary>
internal static class ToolMapping
{
    /// <summary>The tools to offer.</summary>
    /// <param name="options">The request.</param>
    /// <param name="standard">The tools when the request names none.</param>
    /// <exception cref="NotSupportedException">A tool is not a function, or a call is demanded.</exception>
    public static IReadOnlyList<ChatTool> Read(ChatOptions options, IReadOnlyList<ChatTool> standard)
    {
        // Without tools in the prompt the markup of calls is never sampled, so none means none.
        if (options.ToolMode is NoneChatToolMode) return [];
        if (options.ToolMode is RequiredChatToolMode)
            throw new NotSupportedException("A tool call cannot be forced yet; use ChatToolMode.Auto and say in the instructions when the tool is to be called.");
        return options.Tools is { Count: > 0 } tools ? [.. tools.Select(Read)] : standard;
    }

    private static ChatTool Read(AITool tool) => tool is AIFunctionDeclaration function
        ? new ChatTool(JsonSerializer.SerializeToElement(new Function(function.Name, function.Description, function.JsonSchema)))
        : throw new NotSupportedException($"The tool '{tool.Name}' is a {tool.GetType().Name}, which runs at a provider; Fathom offers functions only (AIFunctionFactory.Create).");

    // The order is that of the interface the model was trained with.
    private sealed record Function(
        [property: JsonPropertyName("name")] string Name,
        [property: JsonPropertyName("description")] string Description,
        [property: JsonPropertyName("parameters")] JsonElement Parameters);
}
