using System.Text.Json;
using Fathom.Server.Errors;
using Fathom.Text;

namespace Fathom.Server.Requests;

/// <summary>Reads fields of a request's JSON object. What is null counts as absent; a wrong type or range is an error that names the field.</summary>
/// <param name="Value">The object.</param>
/// <param name="Path">Its place, for messages; empty for the request itself.</param>
internal readonly record struct JsonFields(JsonElement Value, string Path)
{
    /// <summary>The name of a field with its place.</summary>
    public string NameOf(string field) => Path.Length == 0 ? field : $"{Path}.{field}";

    public JsonElement? Any(string field) =>
        Value.ValueKind == JsonValueKind.Object && Value.TryGetProperty(field, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public string? Text(string field) => Any(field) is not { } value ? null : value.ValueKind == JsonValueKind.String ? value.GetString() : throw Wrong(field, "a string", value);

    public bool? Flag(string field) => Any(field) is not { } value ? null : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Wrong(field, "true or false", value);

    public JsonFields? Object(string field) => Any(field) is not { } value ? null : value.ValueKind == JsonValueKind.Object ? new JsonFields(value, NameOf(field)) : throw Wrong(field, "an object", value);

    public JsonElement? Array(string field) => Any(field) is not { } value ? null : value.ValueKind == JsonValueKind.Array ? value : throw Wrong(field, "an array", value);

    /// <summary>A number within bounds.</summary>
    public double? Number(string field, double least, double most, bool leastIsOut = false)
    {
        if (Any(field) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out double number)) throw Wrong(field, "a number", value);
        if (!(number >= least && number <= most) || (leastIsOut && number == least))
            throw ApiException.BadField(NameOf(field), FormattableString.Invariant($"'{NameOf(field)}' must be {(leastIsOut ? "above" : "at least")} {least} and at most {most}, not {number}."));
        return number;
    }

    /// <summary>A whole number within bounds; one beyond the upper bound counts as that bound, because clients send fixed large limits.</summary>
    public int? Whole(string field, int least, int most = int.MaxValue)
    {
        if (Any(field) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out double number) || number != Math.Truncate(number)) throw Wrong(field, "a whole number", value);
        if (number < least) throw ApiException.BadField(NameOf(field), FormattableString.Invariant($"'{NameOf(field)}' must be at least {least}, not {number}."));
        return (int)Math.Min(number, most);
    }

    /// <summary>The elements of an array field, each with its place; none when the field is absent.</summary>
    public IEnumerable<JsonFields> Items(string field)
    {
        if (Array(field) is not { } array) yield break;
        int index = 0;
        foreach (JsonElement item in array.EnumerateArray()) yield return new JsonFields(item, $"{NameOf(field)}[{index++}]");
    }

    /// <summary>A string, or a list of strings.</summary>
    public IReadOnlyList<string> Texts(string field, int most)
    {
        if (Any(field) is not { } value) return [];
        if (value.ValueKind == JsonValueKind.String) return [value.GetString()!];
        if (value.ValueKind != JsonValueKind.Array) throw Wrong(field, "a string or an array of strings", value);
        var texts = new List<string>();
        foreach (JsonElement item in value.EnumerateArray()) texts.Add(item.ValueKind == JsonValueKind.String ? item.GetString()! : throw Wrong(field, "an array of strings", item));
        if (texts.Count > most) throw ApiException.BadField(NameOf(field), $"'{NameOf(field)}' may hold {most} strings at most, not {texts.Count}.");
        return texts;
    }

    public ApiException Wrong(string field, string expected, JsonElement found) => ApiException.BadField(NameOf(field), $"'{NameOf(field)}' must be {expected}, not {ChatJson.KindOf(found)}.");
}
