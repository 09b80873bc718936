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
    /// <exception cref="NotSupportedException">A tool is not a function.</exception>
    public static IReadOnlyList<ChatTool> Read(ChatOptions options, IReadOnlyList<ChatTool> standard)
    {
        // Without tools in the prompt the markup of calls is never sampled, so none means none.
        if (options.ToolMode is NoneChatToolMode) return [];
        return options.Tools is { Count: > 0 } tools ? [.. tools.Select(Read)] : standard;
    }

    /// <summary>Names of the tools of which one must be called; null when the model may choose.</summary>
    /// <exception cref="ArgumentException">A call is demanded of a tool that is not offered.</exception>
    public static IReadOnlyList<string>? ReadForced(ChatOptions options)
    {
        if (options.ToolMode is not RequiredChatToolMode required) return null;
        string[] offered = [.. options.Tools?.Select(tool => tool.Name) ?? []];
        if (required.RequiredFunctionName is not { } name) return offered.Length > 0 ? offered : throw new ArgumentException("A tool call is demanded, but no tools are offered.");
        return offered.Contains(name) ? [name] : throw new ArgumentException($"A call of '{name}' is demanded, but no tool of this name is offered.");
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
