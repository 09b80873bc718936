using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Fathom.Extensions.AI.Mapping;

/// <summary>Writes what a function returned as the text that the model reads.</summary>
internal static class FunctionResultText
{
    /// <summary>How values become JSON for the model: as Microsoft.Extensions.AI writes them, on one line, because blanks cost tokens.</summary>
    public static JsonSerializerOptions Json { get; } = new(AIJsonUtilities.DefaultOptions) { WriteIndented = false };

    /// <summary>The text of a result.</summary>
    /// <exception cref="NotSupportedException">The result holds content that is not text.</exception>
    public static string Of(FunctionResultContent result) =>
        result is { Result: null, Exception: not null } ? "Error: the function failed." : Of(result.Result);

    private static string Of(object? value) => value switch
    {
        null => string.Empty,
        string text => text,
        JsonElement { ValueKind: JsonValueKind.String } text => text.GetString()!,
        TextContent content => content.Text,
        AIContent content => throw new NotSupportedException($"A function returned a {content.GetType().Name}, which V4 cannot read; return text or a value that becomes JSON."),
        IEnumerable<AIContent> contents => string.Join("\n\n", contents.Select(Of)),
        _ => JsonSerializer.Serialize(value, Json),
    };
}
