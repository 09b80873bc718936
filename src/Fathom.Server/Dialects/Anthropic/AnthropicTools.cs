using System.Text.Json;
using System.Text.Json.Nodes;
using Fathom.Server.Errors;
using Fathom.Server.Requests;
using Fathom.Text;

namespace Fathom.Server.Dialects.Anthropic;

/// <summary>Reads tools in Anthropic's spelling.</summary>
internal static class AnthropicTools
{
    /// <summary>Reads <c>tools</c> and <c>tool_choice</c>.</summary>
    public static ToolOffer Read(JsonFields fields)
    {
        var tools = new List<ChatTool>();
        bool isStrict = false;
        foreach (JsonFields tool in fields.Items("tools"))
        {
            if (tool.Value.ValueKind != JsonValueKind.Object) throw ApiException.BadField(tool.Path, $"{tool.Path} must be an object");

            // Typed tools without a schema run at Anthropic's: there is nothing to call here.
            if (tool.Any("input_schema") is not { } schema)
            {
                if (tool.Text("type") is null or "custom") throw ApiException.BadField(tool.NameOf("input_schema"), $"{tool.NameOf("input_schema")} is missing");
                continue;
            }

            if (string.IsNullOrEmpty(tool.Text("name"))) throw ApiException.BadField(tool.NameOf("name"), $"{tool.NameOf("name")} is missing");
            isStrict |= tool.Flag("strict") ?? false;
            var function = new JsonObject { ["name"] = tool.Text("name") };
            if (tool.Text("description") is { } description) function["description"] = description;
            function["parameters"] = JsonNode.Parse(schema.GetRawText());
            tools.Add(new ChatTool(JsonSerializer.SerializeToElement(function)));
        }

        return Choose(tools, fields.Object("tool_choice"), isStrict);
    }

    private static ToolOffer Choose(List<ChatTool> tools, JsonFields? choice, bool isStrict)
    {
        switch (choice?.Text("type"))
        {
            case null or "auto":
                return new ToolOffer(tools, null, isStrict);
            case "none":
                return ToolOffer.None;
            case "any":
                return new ToolOffer(tools, tools.Count > 0 ? [.. tools.Select(tool => tool.Name)] : throw ApiException.BadField("tool_choice", "tool_choice wants a call, but no tools are offered"), isStrict);
            case "tool":
                string? name = choice.Value.Text("name");
                return tools.Exists(tool => tool.Name == name) ? new ToolOffer(tools, [name!], isStrict) : throw ApiException.BadField("tool_choice.name", $"tool_choice.name must be one of the offered tools, and '{name}' is none");
            case { } other:
                throw ApiException.BadField("tool_choice.type", $"tool_choice.type must be auto, any, tool or none, not '{other}'");
        }
    }
}
