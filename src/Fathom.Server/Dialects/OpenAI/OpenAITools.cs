using System.Text.Json;
using System.Text.Json.Nodes;
using Fathom.Server.Errors;
using Fathom.Server.Requests;
using Fathom.Text;

namespace Fathom.Server.Dialects.OpenAI;

/// <summary>Reads tools in the spelling of chat completions.</summary>
internal static class OpenAITools
{
    /// <summary>Reads <c>tools</c> and <c>tool_choice</c>, or the older <c>functions</c> and <c>function_call</c>.</summary>
    public static ToolOffer Read(JsonFields fields)
    {
        List<JsonFields> functions = [.. fields.Items("functions")];
        foreach (JsonFields tool in fields.Items("tools"))
        {
            if (tool.Value.ValueKind != JsonValueKind.Object) throw ApiException.BadField(tool.Path, $"'{tool.Path}' must be an object.");

            // What is no function cannot be called here; clients offer such tools to every server.
            if (tool.Object("function") is { } function) functions.Add(function);
            else if (tool.Text("type") is null or "function" && tool.Text("name") is not null) functions.Add(tool);
        }

        return Choose([.. functions.Select(ToTool)], fields.Any("tool_choice") ?? fields.Any("function_call"), functions.Exists(function => function.Flag("strict") == true));
    }

    /// <summary>Applies a choice in OpenAI's spelling.</summary>
    public static ToolOffer Choose(IReadOnlyList<ChatTool> tools, JsonElement? choice, bool isStrict)
    {
        if (choice is not { } value) return new ToolOffer(tools, null, isStrict);
        if (value.ValueKind == JsonValueKind.String)
        {
            return value.GetString() switch
            {
                "none" => ToolOffer.None,
                "auto" => new ToolOffer(tools, null, isStrict),
                "required" or "any" => new ToolOffer(tools, Offered(tools), isStrict),
                string other => throw ApiException.BadField("tool_choice", $"'tool_choice' must be none, auto, required or a function, not '{other}'."),
                null => new ToolOffer(tools, null, isStrict),
            };
        }

        var fields = new JsonFields(value, "tool_choice");
        if (value.ValueKind == JsonValueKind.Object && fields.Text("type") == "allowed_tools")
        {
            JsonFields allowed = fields.Object("allowed_tools") ?? fields;
            HashSet<string?> names = [.. allowed.Items("tools").Select(tool => tool.Text("name") ?? tool.Object("function")?.Text("name"))];
            ChatTool[] left = [.. tools.Where(tool => names.Contains(tool.Name))];
            return new ToolOffer(left, allowed.Text("mode") == "required" ? Offered(left) : null, isStrict);
        }

        string? name = value.ValueKind == JsonValueKind.Object ? fields.Object("function")?.Text("name") ?? fields.Text("name") : null;
        if (name is null || !tools.Any(tool => tool.Name == name)) throw ApiException.BadField("tool_choice", $"'tool_choice' must name one of the offered tools{(name is null ? string.Empty : $", and '{name}' is none")}.");
        return new ToolOffer(tools, [name], isStrict);
    }

    // A function without parameters takes none.
    private static ChatTool ToTool(JsonFields function)
    {
        if (string.IsNullOrEmpty(function.Text("name"))) throw ApiException.BadField(function.NameOf("name"), $"'{function.NameOf("name")}' is missing; every function needs a name.");
        if (function.Object("parameters") is not null) return new ChatTool(Without(function.Value, "strict"));
        JsonObject mended = JsonNode.Parse(Without(function.Value, "strict").GetRawText())!.AsObject();
        mended["parameters"] = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject() };
        return new ChatTool(JsonSerializer.SerializeToElement(mended));
    }

    // The model is told of a function as it was given, but not of what only concerns the server.
    private static JsonElement Without(JsonElement function, params ReadOnlySpan<string> names)
    {
        JsonObject copy = JsonNode.Parse(function.GetRawText())!.AsObject();
        foreach (string name in names) copy.Remove(name);
        return JsonSerializer.SerializeToElement(copy);
    }

    private static string[] Offered(IReadOnlyList<ChatTool> tools) =>
        tools.Count > 0 ? [.. tools.Select(tool => tool.Name)] : throw ApiException.BadField("tool_choice", "'tool_choice' wants a call, but no tools are offered.");
}
