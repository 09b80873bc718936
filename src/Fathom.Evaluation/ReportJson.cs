using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Fathom.Evaluation;

/// <summary>How reports are written as JSON.</summary>
internal static class ReportJson
{
    public static JsonSerializerOptions Format { get; } = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,

        // A perplexity may be beyond all numbers.
        NumberHandling = JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>One object with the members of several, in their order.</summary>
    public static JsonObject Joined(params ReadOnlySpan<object> parts)
    {
        var joined = new JsonObject();
        foreach (object part in parts)
        {
            foreach ((string name, JsonNode? value) in JsonSerializer.SerializeToNode(part, Format)!.AsObject()) joined.Add(name, value?.DeepClone());
        }

        return joined;
    }
}
