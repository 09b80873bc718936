using System.Text.Json;
using System.Text.Json.Nodes;
using Fathom.Server.Dialects.OpenAI;
using Fathom.Server.Errors;
using Fathom.Server.Requests;
using Fathom.Text;

namespace Fathom.Server.Dialects.Responses;

/// <summary>Reads the tools of a Responses request: functions, free-text tools, a shell, and namespaces of functions. What else there is runs at OpenAI's and is left out.</summary>
internal static class ResponseTools
{
    private const string Separator = "__";

    /// <summary>Reads <c>tools</c> and <c>tool_choice</c>.</summary>
    public static ToolOffer Read(JsonFields fields)
    {
        var tools = new List<ChatTool>();
        var kinds = new Dictionary<string, ToolKind>();
        bool isStrict = false;
        foreach (JsonFields tool in fields.Items("tools")) isStrict |= Add(tool, null, tools, kinds);
        JsonElement? choice = fields.Any("tool_choice");

        // A choice of a tool that is left out leaves the choice to the model.
        bool isOfOther = choice is { ValueKind: JsonValueKind.Object } value && new JsonFields(value, "tool_choice").Text("type") is not ("function" or "custom" or "allowed_tools" or null);
        return OpenAITools.Choose(tools, isOfOther ? null : choice, isStrict) with { Kinds = kinds };
    }

    private static bool Add(JsonFields tool, string? space, List<ChatTool> tools, Dictionary<string, ToolKind> kinds)
    {
        if (tool.Value.ValueKind != JsonValueKind.Object) throw ApiException.BadField(tool.Path, $"'{tool.Path}' must be an object.");
        string? type = tool.Text("type"), name = tool.Text("name");
        switch (type)
        {
            case "function":
                if (string.IsNullOrEmpty(name)) throw ApiException.BadField(tool.NameOf("name"), $"'{tool.NameOf("name")}' is missing; every function needs a name.");
                string known = space is null ? name : space + Separator + name;
                if (space is not null) kinds[known] = new ToolKind("namespace", name, space);
                tools.Add(Function(known, tool.Text("description"), tool.Object("parameters")?.Value));
                return tool.Flag("strict") ?? false;
            case "custom":
                kinds[name ?? "custom"] = new ToolKind("custom", name ?? "custom");
                tools.Add(Free(name ?? "custom", tool.Text("description"), "The text to give to the tool."));
                return false;
            case "local_shell":
                kinds["local_shell"] = new ToolKind("local_shell", "local_shell");
                tools.Add(Free("local_shell", "Runs a command on the user's machine.", "The command line."));
                return false;
            case "namespace":
                bool isStrict = false;
                foreach (JsonFields inner in tool.Items("tools")) isStrict |= Add(inner, name ?? string.Empty, tools, kinds);
                return isStrict;
            default:
                return false;
        }
    }

    private static ChatTool Free(string name, string? description, string what) => Function(name, description, JsonSerializer.SerializeToElement(new JsonObject
    {
        ["type"] = "object",
        ["properties"] = new JsonObject { ["input"] = new JsonObject { ["type"] = "string", ["description"] = what } },
        ["required"] = new JsonArray("input"),
    }));

    private static ChatTool Function(string name, string? description, JsonElement? parameters)
    {
        var function = new JsonObject { ["name"] = name };
        if (description is not null) function["description"] = description;
        function["parameters"] = parameters is { } schema ? JsonNode.Parse(schema.GetRawText()) : new JsonObject { ["type"] = "object", ["properties"] = new JsonObject() };
        return new ChatTool(JsonSerializer.SerializeToElement(function));
    }
}
