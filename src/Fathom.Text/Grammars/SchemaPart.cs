using System.Text.Json;

namespace Fathom.Text.Grammars;

/// <summary>One of the schemas that a value must satisfy together.</summary>
/// <param name="Schema">An object or a boolean.</param>
/// <param name="Place">Where it stands in its document; two parts of one place are the same.</param>
internal sealed record SchemaPart(JsonElement Schema, string Place)
{
    /// <summary>Whether its references and allOf are parts of their own by now.</summary>
    public bool IsFlat { get; init; }

    /// <summary>Whether a branch of its anyOf is a part of its own by now.</summary>
    public bool SkipsAnyOf { get; init; }

    /// <summary>Whether a branch of its oneOf is a part of its own by now.</summary>
    public bool SkipsOneOf { get; init; }

    /// <summary>Tells lists of parts apart.</summary>
    public string Key => $"{Place}\u0001{(IsFlat ? 'f' : '-')}{(SkipsAnyOf ? 'a' : '-')}{(SkipsOneOf ? 'o' : '-')}\u0002";

    /// <summary>A keyword's value; null when it is not there.</summary>
    public JsonElement? this[string keyword] =>
        Schema.ValueKind == JsonValueKind.Object && Schema.TryGetProperty(keyword, out JsonElement value) ? value : null;

    /// <summary>The part that a keyword's value is.</summary>
    public SchemaPart? Below(string keyword) => this[keyword] is { } value ? new SchemaPart(value, $"{Place}.{keyword}") : null;

    /// <summary>The parts in a keyword's array; none when the keyword is not there.</summary>
    /// <exception cref="GrammarException">It is no array.</exception>
    public IEnumerable<SchemaPart> BelowAll(string keyword)
    {
        if (this[keyword] is not { } value) return [];
        if (value.ValueKind != JsonValueKind.Array) throw new GrammarException($"{Place}.{keyword} is not an array.");
        return value.EnumerateArray().Select((item, index) => new SchemaPart(item, $"{Place}.{keyword}[{index}]"));
    }

    /// <summary>A keyword's value as a count; null when it is not there. What is too large to matter is the largest count.</summary>
    /// <exception cref="GrammarException">It is no whole number from 0.</exception>
    public int? Count(string keyword)
    {
        if (Number(keyword) is not { } number) return null;
        if (number < 0 || !decimal.IsInteger(number)) throw new GrammarException($"{Place}.{keyword} is {number}; it must be a whole number from 0.");
        return number >= RepeatForm.NoLimit ? RepeatForm.NoLimit : (int)number;
    }

    /// <summary>A keyword's value as a number; null when it is not there.</summary>
    /// <exception cref="GrammarException">It is no number, or one of more than 28 digits.</exception>
    public decimal? Number(string keyword)
    {
        if (this[keyword] is not { } value) return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out decimal number)) return number;
        throw new GrammarException($"{Place}.{keyword} is not a number within 28 digits.");
    }
}
