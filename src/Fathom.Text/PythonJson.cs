using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;

namespace Fathom.Text;

/// <summary>
/// JSON as Python's <c>json.dumps(value, ensure_ascii=False)</c> spells it, which is what the model was trained on
/// (chat specification, section 2.8).
/// </summary>
public static class PythonJson
{
    private const int MaxDepth = 64;

    /// <summary>Parses JSON as Python does: NaN, Infinity and −Infinity are numbers.</summary>
    /// <param name="json">The text.</param>
    /// <param name="element">The value; only valid without the three special numbers, else a string in their place.</param>
    /// <returns>False when the text is not JSON.</returns>
    public static bool TryParse(string json, out JsonElement element)
    {
        ArgumentNullException.ThrowIfNull(json);
        element = default;
        try
        {
            using JsonDocument document = JsonDocument.Parse(MarkSpecialNumbers(json), new JsonDocumentOptions { MaxDepth = MaxDepth });
            element = document.RootElement.Clone();
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
        catch (ArgumentException)
        {
            // Lone surrogates cannot be brought to UTF-8.
            return false;
        }
    }

    /// <summary>Spells a value.</summary>
    public static string Dump(JsonElement value)
    {
        var text = new StringBuilder();
        Append(value, text);
        return text.ToString();
    }

    /// <summary>Spells a string with its quotation marks.</summary>
    public static string Dump(string value)
    {
        var text = new StringBuilder();
        AppendString(value, text);
        return text.ToString();
    }

    /// <summary>Appends the inside of a string literal: escaped, without quotation marks.</summary>
    public static void AppendEscaped(ReadOnlySpan<char> value, StringBuilder text)
    {
        ArgumentNullException.ThrowIfNull(text);
        foreach (char c in value)
        {
            switch (c)
            {
                case '"': text.Append("\\\""); break;
                case '\\': text.Append("\\\\"); break;
                case '\b': text.Append("\\b"); break;
                case '\f': text.Append("\\f"); break;
                case '\n': text.Append("\\n"); break;
                case '\r': text.Append("\\r"); break;
                case '\t': text.Append("\\t"); break;
                case < ' ': text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"); break;
                default: text.Append(c); break;
            }
        }
    }

    /// <summary>The members of an object: keys in the order of their first appearance, of repeated keys the last value.</summary>
    internal static IEnumerable<(string Key, JsonElement Value)> Members(JsonElement value)
    {
        var order = new List<string>();
        var last = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (JsonProperty property in value.EnumerateObject())
        {
            if (!last.ContainsKey(property.Name)) order.Add(property.Name);
            last[property.Name] = property.Value;
        }

        return order.Select(key => (key, last[key]));
    }

    /// <summary>Whether a value is a string, and not a special number on its way through the reader.</summary>
    internal static bool IsPlainString(JsonElement value) =>
        value.ValueKind == JsonValueKind.String
        && !(value.GetString() is [SpecialMark, .. string rest] && rest is "NaN" or "Infinity" or "-Infinity");

    private static void Append(JsonElement value, StringBuilder text)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object: AppendObject(value, text); break;
            case JsonValueKind.Array:
                text.Append('[');
                string separator = string.Empty;
                foreach (JsonElement item in value.EnumerateArray())
                {
                    text.Append(separator);
                    Append(item, text);
                    separator = ", ";
                }

                text.Append(']');
                break;
            case JsonValueKind.String:
                if (IsPlainString(value)) AppendString(value.GetString()!, text);
                else text.Append(value.GetString().AsSpan(1));
                break;
            case JsonValueKind.Number: text.Append(Number(value.GetRawText())); break;
            case JsonValueKind.True: text.Append("true"); break;
            case JsonValueKind.False: text.Append("false"); break;
            default: text.Append("null"); break;
        }
    }

    private static void AppendObject(JsonElement value, StringBuilder text)
    {
        text.Append('{');
        string separator = string.Empty;
        foreach ((string key, JsonElement member) in Members(value))
        {
            text.Append(separator);
            AppendString(key, text);
            text.Append(": ");
            Append(member, text);
            separator = ", ";
        }

        text.Append('}');
    }

    private static void AppendString(string value, StringBuilder text)
    {
        text.Append('"');
        AppendEscaped(value, text);
        text.Append('"');
    }

    // Integers keep all digits; anything with a point or an exponent is a double in its shortest spelling.
    private static string Number(string raw)
    {
        if (!raw.AsSpan().ContainsAny(".eE"))
            return BigInteger.Parse(raw, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture);
        double value = double.Parse(raw, CultureInfo.InvariantCulture);
        if (double.IsInfinity(value)) return value > 0 ? "Infinity" : "-Infinity";
        return Shortest(value);
    }

    private static string Shortest(double value)
    {
        if (value == 0) return double.IsNegative(value) ? "-0.0" : "0.0";

        // Only digits and exponent are taken from .NET; where the point goes is Python's rule.
        string shortest = Math.Abs(value).ToString("R", CultureInfo.InvariantCulture);
        string sign = value < 0 ? "-" : string.Empty;
        int e = shortest.IndexOf('E', StringComparison.Ordinal);
        string mantissa = e < 0 ? shortest : shortest[..e];
        int point = mantissa.IndexOf('.', StringComparison.Ordinal);
        string all = mantissa.Replace(".", string.Empty, StringComparison.Ordinal), digits = all.TrimStart('0');
        int exponent = (e < 0 ? 0 : int.Parse(shortest.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture))
            + (point < 0 ? mantissa.Length : point) - 1 - (all.Length - digits.Length);
        digits = digits.TrimEnd('0');
        if (exponent is >= 16 or < -4)
        {
            string fraction = digits.Length > 1 ? "." + digits[1..] : string.Empty;
            return $"{sign}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):d2}";
        }

        if (exponent < 0) return sign + "0." + new string('0', -exponent - 1) + digits;
        return digits.Length <= exponent + 1
            ? sign + digits.PadRight(exponent + 1, '0') + ".0"
            : sign + digits[..(exponent + 1)] + "." + digits[(exponent + 1)..];
    }

    // A private-use character that marks NaN and the infinities while they travel through the JSON reader as strings.
    private const char SpecialMark = '\uE0F5';

    private static string MarkSpecialNumbers(string json)
    {
        if (!json.Contains('N', StringComparison.Ordinal) && !json.Contains('I', StringComparison.Ordinal)) return json;
        var text = new StringBuilder(json.Length + 16);
        bool isInString = false;
        for (int i = 0; i < json.Length; i++)
        {
            char c = json[i];
            if (isInString)
            {
                text.Append(c);
                if (c == '\\' && i + 1 < json.Length) text.Append(json[++i]);
                else if (c == '"') isInString = false;
                continue;
            }

            string? special = SpecialAt(json, i);
            if (special is not null)
            {
                text.Append('"').Append(SpecialMark).Append(special).Append('"');
                i += special.Length - 1;
                continue;
            }

            isInString = c == '"';
            text.Append(c);
        }

        return text.ToString();
    }

    private static string? SpecialAt(string json, int i)
    {
        foreach (string special in (ReadOnlySpan<string>)["NaN", "Infinity", "-Infinity"])
        {
            if (string.CompareOrdinal(json, i, special, 0, special.Length) == 0) return special;
        }

        return null;
    }
}
