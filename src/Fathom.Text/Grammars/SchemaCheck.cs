using System.Text.Json;

namespace Fathom.Text.Grammars;

/// <summary>Says whether a finished value satisfies a schema, keyword by keyword: which values of an enum its other keywords leave.</summary>
internal sealed class SchemaCheck(SchemaCompiler compiler, SchemaReferences references)
{
    // Branches of branches can be endless work, and references can run in circles.
    private const int MostWork = 200_000;
    private const int MostDepth = 200;

    private readonly Dictionary<string, TextSchema> texts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> spellings = new(StringComparer.Ordinal);
    private int work;

    public bool Allows(SchemaPart part, JsonElement value, int depth = 0)
    {
        if (part.Schema.ValueKind is JsonValueKind.True or JsonValueKind.False) return part.Schema.GetBoolean();
        if (++work > MostWork || depth > MostDepth) throw new GrammarException($"{part.Place}: holding the values of enum or const against the other keywords is endless work.");
        if (part["$ref"] is not null && !Allows(references.Resolve(part), value, depth + 1)) return false;
        if (!part.BelowAll("allOf").All(inner => Allows(inner, value, depth + 1))) return false;
        if (part["anyOf"] is not null && !part.BelowAll("anyOf").Any(branch => Allows(branch, value, depth + 1))) return false;
        if (part["oneOf"] is not null && !part.BelowAll("oneOf").Any(branch => Allows(branch, value, depth + 1))) return false;
        if (part["type"] is { } type && !SchemaKeywords.ReadTypes(type, part.Place).HasFlag(SchemaKeywords.TypeOf(value))) return false;
        if (part["const"] is { } only && !JsonElement.DeepEquals(only, value)) return false;
        if (part["enum"] is { ValueKind: JsonValueKind.Array } listed && !Lists(part, listed, value)) return false;
        return value.ValueKind switch
        {
            JsonValueKind.String => TextOf(part).Allows(value),
            JsonValueKind.Number => new NumberSchema([part]).Allows(value),
            JsonValueKind.Array => AllowsArray(part, value, depth),
            JsonValueKind.Object => AllowsObject(part, value, depth),
            _ => true,
        };
    }

    // Most values are spelled as in the list; only for the others is it gone through.
    private bool Lists(SchemaPart part, JsonElement listed, JsonElement value)
    {
        if (!spellings.TryGetValue(part.Place, out HashSet<string>? known))
            spellings.Add(part.Place, known = new HashSet<string>(listed.EnumerateArray().Select(item => item.GetRawText()), StringComparer.Ordinal));
        return known.Contains(value.GetRawText()) || listed.EnumerateArray().Any(item => JsonElement.DeepEquals(item, value));
    }

    private bool AllowsArray(SchemaPart part, JsonElement value, int depth)
    {
        int count = value.GetArrayLength();
        if (count < part.Count("minItems") || count > part.Count("maxItems")) return false;
        bool isOld = part["items"] is { ValueKind: JsonValueKind.Array };
        SchemaPart[] first = [.. part.BelowAll(isOld ? "items" : "prefixItems")];
        SchemaPart? rest = part.Below(isOld ? "additionalItems" : "items");
        return value.EnumerateArray().Select((item, index) => (Item: item, Part: index < first.Length ? first[index] : rest))
            .All(pair => pair.Part is null || Allows(pair.Part, pair.Item, depth + 1));
    }

    private bool AllowsObject(SchemaPart part, JsonElement value, int depth)
    {
        if (part["required"] is { ValueKind: JsonValueKind.Array } names && !names.EnumerateArray().All(name => value.TryGetProperty(name.GetString()!, out _))) return false;
        SchemaPart? declared = part.Below("properties"), additional = part.Below("additionalProperties");
        return value.EnumerateObject().Select(member => (member.Value, Part: declared?.Below(member.Name) ?? additional))
            .All(pair => pair.Part is null || Allows(pair.Part, pair.Value, depth + 1));
    }

    private TextSchema TextOf(SchemaPart part)
    {
        if (!texts.TryGetValue(part.Place, out TextSchema? text)) texts.Add(part.Place, text = new TextSchema([part], compiler));
        return text;
    }
}
