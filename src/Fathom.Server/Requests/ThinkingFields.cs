using System.Globalization;
using System.Text.Json;
using Fathom.Server.Errors;
using Fathom.Text;

namespace Fathom.Server.Requests;

/// <summary>Reads whether and how hard the model thinks (interface specification, section 1.3).</summary>
internal static class ThinkingFields
{
    /// <summary>Reads it.</summary>
    /// <param name="fields">The request.</param>
    /// <param name="effort">The effort in the dialect's place; null when it is not given.</param>
    /// <param name="model">The name that was asked for: two of DeepSeek's say something about thinking.</param>
    /// <param name="byDefault">When nothing says anything.</param>
    /// <param name="format">The efforts that the model knows.</param>
    public static (ThinkingMode Mode, string? Effort) Read(JsonFields fields, JsonElement? effort, string model, ThinkingMode byDefault, ChatFormat format)
    {
        bool? explicitly = Switch(fields) ?? Template(fields);
        bool? byName = model switch
        {
            "deepseek-chat" => false,
            "deepseek-reasoner" => true,
            _ => null,
        };
        bool thinks = explicitly ?? byName ?? byDefault == ThinkingMode.Thinking;
        string? word = effort is { } value ? Word(value) : "high";
        if (word == "none") return (ThinkingMode.Chat, null);
        string? level = Known(word, format);
        return thinks ? (ThinkingMode.Thinking, level) : (ThinkingMode.Chat, null);
    }

    // Both dialects have an object with a type; adaptive leaves it to the model, which here means thinking.
    private static bool? Switch(JsonFields fields) => fields.Object("thinking")?.Text("type") switch
    {
        null => null,
        "enabled" or "adaptive" => true,
        "disabled" => false,
        { } other => throw ApiException.BadField("thinking.type", $"'thinking.type' must be enabled, disabled or adaptive, not '{other}'."),
    };

    private static bool? Template(JsonFields fields) => fields.Object("chat_template_kwargs") is { } template ? template.Flag("thinking") ?? template.Flag("enable_thinking") : null;

    private static string Word(JsonElement effort)
    {
        if (effort.ValueKind == JsonValueKind.Number && effort.TryGetInt32(out int number) && number is >= 1 and <= 100) return number.ToString(CultureInfo.InvariantCulture);
        if (effort.ValueKind == JsonValueKind.String) return effort.GetString()!;
        throw ApiException.BadField("reasoning_effort", "The reasoning effort must be a word or a whole number from 1 to 100.");
    }

    private static string? Known(string? word, ChatFormat format)
    {
        int? number = int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int parsed) ? parsed : null;
        if (format == ChatFormat.V41 && number is not null) return word;
        string level = word switch
        {
            _ when number is { } value => value <= 33 ? "low" : value <= 80 ? "high" : "max",
            "minimal" or "low" => "low",
            "medium" or "high" => "high",
            "xhigh" => format == ChatFormat.V41 ? "xhigh" : "high",
            "max" or "ultra" => "max",
            _ => throw ApiException.BadField("reasoning_effort", $"'{word}' is no reasoning effort; use none, minimal, low, medium, high, xhigh, max or a whole number from 1 to 100."),
        };
        return format == ChatFormat.Preview && level == "low" ? null : level;
    }
}
