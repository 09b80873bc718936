using System.Text.Json;

namespace Fathom.Text.Grammars;

/// <summary>The types of JSON values as a schema knows them; a number that need not be whole has both number flags.</summary>
[Flags]
internal enum SchemaTypes
{
    None = 0,
    Null = 1,
    Boolean = 2,
    Integer = 4,
    Fraction = 8,
    Text = 16,
    Array = 32,
    Object = 64,
    Number = Integer | Fraction,
    All = 127,
}

/// <summary>What each keyword of JSON Schema is to us.</summary>
internal static class SchemaKeywords
{
    private static readonly HashSet<string> Annotations = new(StringComparer.Ordinal)
    {
        "title", "description", "default", "examples", "example", "$schema", "$id", "id", "$comment", "$defs", "definitions", "$anchor", "$vocabulary",
        "deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType", "contentSchema",
    };

    private static readonly Dictionary<string, SchemaTypes> Understood = new(StringComparer.Ordinal)
    {
        ["type"] = 0, ["enum"] = 0, ["const"] = 0, ["anyOf"] = 0, ["oneOf"] = 0, ["allOf"] = 0, ["$ref"] = 0,
        ["properties"] = SchemaTypes.Object, ["required"] = SchemaTypes.Object, ["additionalProperties"] = SchemaTypes.Object,
        ["items"] = SchemaTypes.Array, ["prefixItems"] = SchemaTypes.Array, ["additionalItems"] = SchemaTypes.Array, ["minItems"] = SchemaTypes.Array, ["maxItems"] = SchemaTypes.Array,
        ["pattern"] = SchemaTypes.Text, ["format"] = SchemaTypes.Text, ["minLength"] = SchemaTypes.Text, ["maxLength"] = SchemaTypes.Text,
        ["minimum"] = SchemaTypes.Number, ["maximum"] = SchemaTypes.Number, ["exclusiveMinimum"] = SchemaTypes.Number, ["exclusiveMaximum"] = SchemaTypes.Number,
    };

    /// <summary>Whether a keyword is followed, or needs no following.</summary>
    public static bool IsUnderstood(string keyword) => Understood.ContainsKey(keyword) || Annotations.Contains(keyword);

    /// <summary>The types that a keyword speaks about; a schema without <c>type</c> is taken to mean those.</summary>
    public static SchemaTypes TypesOf(string keyword) => Understood.GetValueOrDefault(keyword);

    /// <summary>Reads a value of <c>type</c>.</summary>
    /// <exception cref="GrammarException">It is neither a name of a type nor a list of them.</exception>
    public static SchemaTypes ReadTypes(JsonElement type, string place)
    {
        if (type.ValueKind == JsonValueKind.Array) return type.EnumerateArray().Aggregate(SchemaTypes.None, (types, item) => types | ReadType(item, place));
        return ReadType(type, place);
    }

    /// <summary>The type of a value.</summary>
    public static SchemaTypes TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => SchemaTypes.Null,
        JsonValueKind.True or JsonValueKind.False => SchemaTypes.Boolean,
        JsonValueKind.Number => value.TryGetDecimal(out decimal number) && decimal.IsInteger(number) ? SchemaTypes.Integer : SchemaTypes.Fraction,
        JsonValueKind.String => SchemaTypes.Text,
        JsonValueKind.Array => SchemaTypes.Array,
        _ => SchemaTypes.Object,
    };

    private static SchemaTypes ReadType(JsonElement type, string place) => (type.ValueKind == JsonValueKind.String ? type.GetString() : null) switch
    {
        "null" => SchemaTypes.Null,
        "boolean" => SchemaTypes.Boolean,
        "integer" => SchemaTypes.Integer,
        "number" => SchemaTypes.Number,
        "string" => SchemaTypes.Text,
        "array" => SchemaTypes.Array,
        "object" => SchemaTypes.Object,
        _ => throw new GrammarException($"{place}.type is neither the name of a type nor a list of such names."),
    };
}
