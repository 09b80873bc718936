using System.Text.Json;

namespace Fathom.Text;

/// <summary>A tool that the model may call.</summary>
/// <param name="Function">The object with <c>name</c>, <c>description</c> and <c>parameters</c> (a JSON schema), rendered as it was given.</param>
public sealed record ChatTool(JsonElement Function)
{
    /// <summary>The tool's name; empty when the object has none.</summary>
    public string Name => Member(Function, "name") is { ValueKind: JsonValueKind.String } name ? name.GetString()! : string.Empty;

    /// <summary>Whether the schema declares a parameter as a string; null when it says nothing about it.</summary>
    public bool? IsString(string parameter)
    {
        if (Member(Function, "parameters") is not { } schema || Member(schema, "properties") is not { } properties) return null;
        if (Member(properties, parameter) is not { } declared || Member(declared, "type") is not { ValueKind: JsonValueKind.String } type) return null;
        return type.ValueEquals("string");
    }

    private static JsonElement? Member(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) ? value : null;
}
