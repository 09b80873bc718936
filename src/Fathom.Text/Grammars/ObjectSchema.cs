using System.Text.Json;

namespace Fathom.Text.Grammars;

/// <summary>What schemas say about an object: its properties in their order, which of them it needs, and what else it may have.</summary>
internal sealed class ObjectSchema
{
    private readonly SchemaCompiler compiler;
    private readonly OrderedDictionary<string, List<SchemaPart>> properties = new(StringComparer.Ordinal);
    private readonly HashSet<string> required = new(StringComparer.Ordinal);
    private readonly List<SchemaPart> others = [];
    private readonly bool mayHaveOthers;

    public ObjectSchema(List<SchemaPart> parts, SchemaCompiler compiler)
    {
        this.compiler = compiler;
        foreach (SchemaPart part in parts)
        {
            foreach (string name in PropertiesOf(part)) properties.TryAdd(name, []);
        }

        foreach (SchemaPart part in parts)
        {
            if (part["required"] is not { } names) continue;
            if (names.ValueKind != JsonValueKind.Array) throw new GrammarException($"{part.Place}.required is not an array.");
            foreach (JsonElement name in names.EnumerateArray())
            {
                if (name.ValueKind != JsonValueKind.String) throw new GrammarException($"{part.Place}.required holds something other than names.");
                required.Add(name.GetString()!);
                properties.TryAdd(name.GetString()!, []);
            }
        }

        // A property that one schema does not name is one of its additional properties.
        foreach (SchemaPart part in parts)
        {
            HashSet<string> named = new(PropertiesOf(part), StringComparer.Ordinal);
            SchemaPart? additional = part.Below("additionalProperties");
            foreach ((string name, List<SchemaPart> schemas) in properties)
            {
                if (named.Contains(name)) schemas.Add(new SchemaPart(part["properties"]!.Value.GetProperty(name), $"{part.Place}.properties.{name}"));
                else if (additional is not null) schemas.Add(additional);
            }

            if (additional is not null) others.Add(additional);
        }

        // With properties and no word about others there could be any; they are left out: what is written stays valid.
        mayHaveOthers = others.Count > 0 || !parts.Exists(part => part["properties"] is not null);
    }

    public Form ToForm(ValueShape shape)
    {
        bool isMarkup = shape == ValueShape.Arguments;
        JsonForms forms = compiler.Forms;
        Form separator = isMarkup ? Form.Literal("\n") : forms.Separator(",");
        if (!isMarkup && properties.Count == 0 && mayHaveOthers && others.Count == 0) return forms.AnyObject();

        // From the last property to the first: what may stand from it on, at the beginning and after another one.
        Form other = mayHaveOthers ? Other(isMarkup) : Form.Never("No other properties are allowed.");
        Form first = Form.Sequence(other, Form.Repeat(Form.Sequence(separator, other), 0));
        Form after = Form.Repeat(Form.Sequence(separator, other), 0);
        foreach ((string name, List<SchemaPart> schemas) in properties.Reverse())
        {
            Form member = isMarkup ? compiler.Markup.Parameter(name, Value(schemas, ValueShape.RawText), Value(schemas, ValueShape.JsonNoText))
                : Form.Sequence(forms.Text(name), forms.Separator(":"), Value(schemas, ValueShape.Json));
            bool isRequired = required.Contains(name);
            Form begun = Form.Sequence(member, after);
            first = Rule(name, isRequired ? begun : Form.Choice(begun, first));
            after = Rule(name, isRequired ? Form.Sequence(separator, begun) : Form.Choice(Form.Sequence(separator, begun), after));
        }

        bool mayBeEmpty = required.Count == 0;
        if (isMarkup) return mayBeEmpty ? Form.Choice(first, Form.Empty) : first;
        Form members = Form.Sequence(first, forms.Space);
        return Form.Sequence(Form.Literal("{"), forms.Space, mayBeEmpty ? Form.Optional(members) : members, Form.Literal("}"));
    }

    private Form Other(bool isMarkup)
    {
        if (isMarkup) return compiler.Markup.OtherParameter([.. properties.Keys], Value(others, ValueShape.RawText), Value(others, ValueShape.JsonNoText));
        return Form.Sequence(compiler.Forms.NameExcept([.. properties.Keys]), compiler.Forms.Separator(":"), Value(others, ValueShape.Json));
    }

    private RuleForm Value(List<SchemaPart> schemas, ValueShape shape) => compiler.RuleOf(schemas, shape);

    private static RuleForm Rule(string name, Form body) => new($"From the property {name} on") { Body = body };

    private static IEnumerable<string> PropertiesOf(SchemaPart part)
    {
        if (part["properties"] is not { } declared) return [];
        if (declared.ValueKind != JsonValueKind.Object) throw new GrammarException($"{part.Place}.properties is not an object.");
        return declared.EnumerateObject().Select(property => property.Name);
    }
}
