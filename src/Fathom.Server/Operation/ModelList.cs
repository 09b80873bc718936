using System.Globalization;
using System.Text.Json.Nodes;
using Fathom.Server.Requests;

namespace Fathom.Server.Operation;

/// <summary>The list of models, in one object that all clients understand (interface specification, section 6).</summary>
internal sealed class ModelList(AnswerService service)
{
    private readonly long created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    private ModelNames Names => service.Requests.Names;

    /// <summary>All names of the served model.</summary>
    public JsonObject All() => new()
    {
        ["object"] = "list",
        ["data"] = new JsonArray([.. Names.All.Select(name => (JsonNode)Entry(name))]),
        ["has_more"] = false,
        ["first_id"] = Names.All[0],
        ["last_id"] = Names.All[^1],
        ["models"] = new JsonArray([.. Names.All.Select((name, i) => (JsonNode)Catalogue(name, i))]),
    };

    /// <summary>One name; null when nobody has it.</summary>
    public JsonObject? One(string name, Dialect dialect) => Names.Knows(name, dialect) ? Entry(name) : null;

    private JsonObject Entry(string name) => new()
    {
        ["id"] = name,
        ["object"] = "model",
        ["type"] = "model",
        ["created"] = created,
        ["created_at"] = DateTimeOffset.FromUnixTimeSeconds(created).UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
        ["owned_by"] = "deepseek",
        ["display_name"] = name,
        ["max_model_len"] = service.Model.ContextLength,
        ["context_length"] = service.Model.ContextLength,
        ["max_output_tokens"] = service.Model.ContextLength,
        ["root"] = Names.All[0],
        ["parent"] = null,
        ["permission"] = new JsonArray(),
    };

    // What a coding client reads before it begins.
    private JsonObject Catalogue(string name, int place) => new()
    {
        ["slug"] = name,
        ["display_name"] = name,
        ["description"] = "DeepSeek V4 on this machine",
        ["context_window"] = service.Model.ContextLength,
        ["max_context_window"] = service.Model.ContextLength,
        ["effective_context_window_percent"] = 95,
        ["auto_compact_token_limit"] = service.Model.ContextLength * 9L / 10,
        ["supported_reasoning_levels"] = new JsonArray([.. ((string[])["low", "high", "max"]).Select(level => (JsonNode)new JsonObject { ["effort"] = level, ["description"] = $"{level} effort" })]),
        ["default_reasoning_level"] = "high",
        ["supports_reasoning_summaries"] = true,
        ["default_reasoning_summary"] = "none",
        ["support_verbosity"] = false,
        ["default_verbosity"] = null,
        ["visibility"] = "list",
        ["supported_in_api"] = true,
        ["priority"] = place,
        ["shell_type"] = "default",
        ["base_instructions"] = string.Empty,
        ["apply_patch_tool_type"] = "freeform",
        ["web_search_tool_type"] = null,
        ["truncation_policy"] = new JsonObject { ["mode"] = "bytes", ["limit"] = 10_000 },
        ["supports_parallel_tool_calls"] = true,
        ["experimental_supported_tools"] = new JsonArray(),
        ["input_modalities"] = new JsonArray("text"),
        ["supports_search_tool"] = false,
    };
}
