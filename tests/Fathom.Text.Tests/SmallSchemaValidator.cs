using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Fathom.Text.Tests;

/// <summary>A plain reader of JSON Schema that shares nothing with the grammars: it says whether a value satisfies a schema, keyword by keyword.</summary>
internal sealed class SmallSchemaValidator(JsonElement root)
{
    public bool Allows(JsonElement value) => Allows(root, value);

    private bool Allows(JsonElement schema, JsonElement value)
    {
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False) return schema.GetBoolean();
        return schema.EnumerateObject().All(keyword => Holds(keyword.Name, keyword.Value, schema, value));
    }

    private bool Holds(string keyword, JsonElement rule, JsonElement schema, JsonElement value)
    {
        string? text = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        decimal? number = value.ValueKind == JsonValueKind.Number ? Number(value) : null;
        int? count = value.ValueKind == JsonValueKind.Array ? value.GetArrayLength() : null;
        bool isObject = value.ValueKind == JsonValueKind.Object;
        return keyword switch
        {
            "type" => rule.ValueKind == JsonValueKind.Array ? rule.EnumerateArray().Any(type => IsType(type.GetString()!, value)) : IsType(rule.GetString()!, value),
            "enum" => rule.EnumerateArray().Any(item => JsonElement.DeepEquals(item, value)),
            "const" => JsonElement.DeepEquals(rule, value),
            "minimum" => number is null || number >= rule.GetDecimal(),
            "maximum" => number is null || number <= rule.GetDecimal(),
            "exclusiveMinimum" => number is null || number > rule.GetDecimal(),
            "exclusiveMaximum" => number is null || number < rule.GetDecimal(),
            "minLength" => text is null || text.EnumerateRunes().Count() >= rule.GetInt32(),
            "maxLength" => text is null || text.EnumerateRunes().Count() <= rule.GetInt32(),
            "pattern" => text is null || Regex.IsMatch(text, rule.GetString()!, RegexOptions.ECMAScript),
            "format" => text is null || IsFormat(rule.GetString()!, text),
            "minItems" => count is null || count >= rule.GetInt32(),
            "maxItems" => count is null || count <= rule.GetInt32(),
            "prefixItems" => count is null || rule.EnumerateArray().Zip(value.EnumerateArray()).All(pair => Allows(pair.First, pair.Second)),
            "items" => count is null || value.EnumerateArray().Skip(schema.TryGetProperty("prefixItems", out JsonElement prefix) ? prefix.GetArrayLength() : 0).All(item => Allows(rule, item)),
            "required" => !isObject || rule.EnumerateArray().All(name => value.TryGetProperty(name.GetString()!, out _)),
            "properties" => !isObject || value.EnumerateObject().All(member => !rule.TryGetProperty(member.Name, out JsonElement inner) || Allows(inner, member.Value)),
            "additionalProperties" => !isObject || value.EnumerateObject().All(member => (schema.TryGetProperty("properties", out JsonElement named) && named.TryGetProperty(member.Name, out _)) || Allows(rule, member.Value)),
            "anyOf" or "oneOf" => rule.EnumerateArray().Any(branch => Allows(branch, value)),
            "allOf" => rule.EnumerateArray().All(branch => Allows(branch, value)),
            "$ref" => Allows(rule.GetString() == "#" ? root : root.GetProperty("$defs").GetProperty(rule.GetString()!.Split('/')[^1]), value),
            "$defs" or "title" => true,
            _ => throw new NotSupportedException(keyword),
        };
    }

    // What is too large for a decimal is larger than every bound in use.
    private static decimal Number(JsonElement value)
    {
        if (decimal.TryParse(value.GetRawText(), NumberStyles.Float, CultureInfo.InvariantCulture, out decimal number)) return number;
        return value.GetRawText()[0] == '-' ? decimal.MinValue : decimal.MaxValue;
    }

    private static bool IsType(string type, JsonElement value) => type switch
    {
        "null" => value.ValueKind == JsonValueKind.Null,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "integer" => value.ValueKind == JsonValueKind.Number && decimal.IsInteger(Number(value)),
        "number" => value.ValueKind == JsonValueKind.Number,
        "string" => value.ValueKind == JsonValueKind.String,
        "array" => value.ValueKind == JsonValueKind.Array,
        _ => value.ValueKind == JsonValueKind.Object,
    };

    private static bool IsFormat(string format, string text) => format switch
    {
        // The year 0 is in the format and not in .NET.
        "date" => text.StartsWith("0000", StringComparison.Ordinal) || DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "date-time" => text.StartsWith("0000", StringComparison.Ordinal) || DateOnly.TryParseExact(text[..10], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "uuid" => Guid.TryParseExact(text, "D", out _),
        "ipv4" or "ipv6" => System.Net.IPAddress.TryParse(text, out _),
        "email" => System.Net.Mail.MailAddress.TryCreate(text, out _),
        "hostname" => Uri.CheckHostName(text) != UriHostNameType.Unknown,
        _ => text.Contains(':', StringComparison.Ordinal),
    };
}
