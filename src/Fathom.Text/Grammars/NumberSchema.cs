using System.Text.Json;

namespace Fathom.Text.Grammars;

/// <summary>The bounds that schemas set for a number.</summary>
internal sealed class NumberSchema
{
    private readonly NumberBound? least, most;
    private readonly string place = string.Empty;

    public NumberSchema(List<SchemaPart> parts)
    {
        foreach (SchemaPart part in parts)
        {
            foreach ((string keyword, bool isLower, bool isExclusive) in (ReadOnlySpan<(string, bool, bool)>)[("minimum", true, false), ("exclusiveMinimum", true, true), ("maximum", false, false), ("exclusiveMaximum", false, true)])
            {
                // Draft 4 said "exclusive" by a boolean beside the bound.
                if (part[keyword] is not { } value || (isExclusive && value.ValueKind is JsonValueKind.True or JsonValueKind.False)) continue;
                bool isFlagged = part[isLower ? "exclusiveMinimum" : "exclusiveMaximum"] is { ValueKind: JsonValueKind.True };
                var bound = new NumberBound(part.Number(keyword)!.Value, isExclusive || isFlagged);
                place = $"{part.Place}.{keyword}";
                if (isLower && IsTighter(bound.Value, least, bound)) least = bound;
                if (!isLower && IsTighter(-bound.Value, most?.Negated, bound)) most = bound;
            }
        }
    }

    /// <summary>The form of numbers within the bounds.</summary>
    public Form ToForm(bool mayHaveFraction, JsonForms forms)
    {
        if (least is null && most is null && mayHaveFraction) return forms.AnyNumber;
        if (least is { } low && most is { } high && (low.Value > high.Value || (low.Value == high.Value && (low.IsExclusive || high.IsExclusive))))
            return Form.Never($"{place} leaves no number between the bounds.");
        Form form = mayHaveFraction ? NumberForms.Numbers(least, most) : NumberForms.Integers(least, most);
        return Form.Choice([Form.Never($"{place} leaves no number between the bounds."), form]);
    }

    /// <summary>Whether a value is no number or within the bounds.</summary>
    public bool Allows(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Number || (least is null && most is null)) return true;
        if (!value.TryGetDecimal(out decimal number)) return false;
        bool isHigh = least is not { } low || number > low.Value || (number == low.Value && !low.IsExclusive);
        return isHigh && (most is not { } high || number < high.Value || (number == high.Value && !high.IsExclusive));
    }

    private static bool IsTighter(decimal value, NumberBound? known, NumberBound bound) =>
        known is not { } other || value > other.Value || (value == other.Value && bound.IsExclusive);
}
