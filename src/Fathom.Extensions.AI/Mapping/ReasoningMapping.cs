using System.Globalization;
using System.Text.Json;
using Fathom.Text;
using Microsoft.Extensions.AI;

namespace Fathom.Extensions.AI.Mapping;

/// <summary>
/// Reads whether and how hard the model is to reason: from <see cref="ChatOptions.Reasoning"/>, then from the additional
/// properties "reasoning_effort" and "thinking" of DeepSeek's interface. Later ones win, so thinking that is off stays off.
/// </summary>
internal static class ReasoningMapping
{
    private const string Effort = "reasoning_effort";
    private const string Thinking = "thinking";

    /// <summary>The options with the request's wish.</summary>
    /// <exception cref="ArgumentException">A property has a value that says nothing about reasoning.</exception>
    public static FathomChatOptions Read(ChatOptions options, FathomChatOptions result, ChatFormat format)
    {
        if (options.Reasoning?.Effort is { } effort) result = effort == ReasoningEffort.None ? Off(result) : On(result, NameOf(effort, format));
        if (Property(options, Effort) is { } named)
        {
            string name = named as string ?? (named is int number ? number.ToString(CultureInfo.InvariantCulture) : throw Unclear(Effort, "a level such as \"high\"", named));
            result = name == "none" ? Off(result) : On(result, name);
        }

        if (Property(options, Thinking) is { } wanted) result = IsOn(wanted) ? result with { ThinkingMode = ThinkingMode.Thinking } : Off(result);
        return result;
    }

    // Formats have their own levels. What is between them becomes null, the format's standard; what is above all, the highest.
    private static string? NameOf(ReasoningEffort effort, ChatFormat format) => effort switch
    {
        ReasoningEffort.Low => format == ChatFormat.Preview ? null : "low",
        ReasoningEffort.High => "high",
        ReasoningEffort.ExtraHigh => format == ChatFormat.V41 ? "xhigh" : "max",
        _ => null,
    };

    private static FathomChatOptions On(FathomChatOptions options, string? effort) => options with { ThinkingMode = ThinkingMode.Thinking, ReasoningEffort = effort };

    private static FathomChatOptions Off(FathomChatOptions options) => options with { ThinkingMode = ThinkingMode.Chat, ReasoningEffort = null };

    private static bool IsOn(object wanted) => wanted switch
    {
        bool flag => flag,
        "enabled" => true,
        "disabled" => false,
        JsonElement { ValueKind: JsonValueKind.Object } json when json.TryGetProperty("type", out JsonElement type) => IsOn(Plain(type)),
        _ => throw Unclear(Thinking, "true, false, \"enabled\" or \"disabled\"", wanted),
    };

    private static object? Property(ChatOptions options, string name) =>
        options.AdditionalProperties?.TryGetValue(name, out object? value) == true && value is not null and not JsonElement { ValueKind: JsonValueKind.Null } ? Plain(value) : null;

    // Properties that came over a wire are JSON still.
    private static object Plain(object value) => value is not JsonElement json ? value : json.ValueKind switch
    {
        JsonValueKind.String => json.GetString()!,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Number when json.TryGetInt32(out int number) => number,
        _ => value,
    };

    private static ArgumentException Unclear(string name, string expected, object found) =>
        new(string.Create(CultureInfo.InvariantCulture, $"The additional property \"{name}\" must be {expected}, not {found}."));
}
