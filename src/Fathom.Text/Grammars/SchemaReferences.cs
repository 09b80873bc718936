using System.Globalization;
using System.Text.Json;

namespace Fathom.Text.Grammars;

/// <summary>Finds what <c>$ref</c> points to: pointers into the same document.</summary>
internal sealed class SchemaReferences(SchemaPart root)
{
    /// <summary>The part that a reference names.</summary>
    /// <exception cref="GrammarException">It points elsewhere or nowhere.</exception>
    public SchemaPart Resolve(SchemaPart from)
    {
        JsonElement reference = from["$ref"]!.Value;
        string place = $"{from.Place}.$ref";
        if (reference.ValueKind != JsonValueKind.String) throw new GrammarException($"{place} is not a string.");
        string pointer = reference.GetString()!;
        if (pointer is not ['#', ..] || pointer is not ("#" or ['#', '/', ..]))
            throw new GrammarException($"{place} is \"{pointer}\"; only references within the schema, such as #/$defs/name, are supported.");

        SchemaPart at = root;
        foreach (string token in pointer.Split('/').Skip(1))
        {
            string name = Uri.UnescapeDataString(token).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            at = Enter(at, name) ?? throw new GrammarException($"{place} is \"{pointer}\", which is not there.");
        }

        return at;
    }

    private static SchemaPart? Enter(SchemaPart at, string name)
    {
        if (at.Schema.ValueKind != JsonValueKind.Array) return at.Below(name);
        bool isIndex = int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index < at.Schema.GetArrayLength();
        return isIndex ? new SchemaPart(at.Schema[index], $"{at.Place}[{index}]") : null;
    }
}
