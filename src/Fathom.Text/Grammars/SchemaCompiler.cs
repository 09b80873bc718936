using System.Text.Json;

namespace Fathom.Text.Grammars;

/// <summary>
/// Makes forms of a JSON schema. A value is described by a list of schemas that hold together: references and allOf
/// add to the list, each branch of anyOf and oneOf makes a list of its own, and what is left is a list of plain
/// keywords, which <see cref="TextSchema"/>, <see cref="ArraySchema"/> and <see cref="ObjectSchema"/> read. Equal
/// lists share one rule, so schemas may refer to themselves.
/// </summary>
internal sealed class SchemaCompiler
{
    private const int MostRules = 20_000;
    private const int MostParts = 200;
    private const int MostDepth = 100;

    private readonly SchemaPart root;
    private readonly SchemaReferences references;
    private readonly bool isStrict;
    private readonly Action<string>? ignored;
    private readonly Dictionary<string, RuleForm> rules = new(StringComparer.Ordinal);
    private readonly Queue<(RuleForm Rule, IReadOnlyList<SchemaPart> Parts, ValueShape Shape)> waiting = new();
    private readonly HashSet<string> looked = new(StringComparer.Ordinal);
    private readonly ToolCallForms? markup;
    private readonly SchemaCheck check;

    /// <param name="schema">The schema.</param>
    /// <param name="place">How errors name it.</param>
    /// <param name="isStrict">Whether unknown keywords are errors.</param>
    /// <param name="ignored">Hears of unknown keywords that are no errors.</param>
    /// <param name="forms">How JSON is spelled.</param>
    /// <param name="markup">How arguments are written; null where there are none.</param>
    public SchemaCompiler(JsonElement schema, string place, bool isStrict, Action<string>? ignored, JsonForms forms, ToolCallForms? markup = null)
    {
        root = new SchemaPart(schema, place);
        references = new SchemaReferences(root);
        check = new SchemaCheck(this, references);
        (this.isStrict, this.ignored, Forms, this.markup) = (isStrict, ignored, forms, markup);
    }

    public JsonForms Forms { get; }

    /// <summary>Tool markup, where arguments are compiled.</summary>
    public ToolCallForms Markup => markup!;

    /// <summary>The rule of the whole schema; its body comes with <see cref="Finish"/>.</summary>
    public RuleForm Compile(ValueShape shape) => RuleOf([root], shape);

    /// <summary>Fills in the bodies of all rules.</summary>
    /// <exception cref="GrammarException">The schema is broken, too large, or says what is not understood.</exception>
    public void Finish()
    {
        try
        {
            while (waiting.TryDequeue(out (RuleForm Rule, IReadOnlyList<SchemaPart> Parts, ValueShape Shape) next))
                next.Rule.Body = FormOf(next.Parts, next.Shape, next.Rule.Name);
        }
        catch (InvalidOperationException)
        {
            // The JSON reader cannot give out such strings.
            throw new GrammarException($"{root.Place}: a string of the schema holds half a surrogate pair.");
        }
    }

    /// <summary>The rule of values that satisfy all parts; no parts mean any value.</summary>
    public RuleForm RuleOf(IReadOnlyList<SchemaPart> parts, ValueShape shape)
    {
        string key = $"{shape}:{string.Concat(parts.Select(part => part.Key))}";
        if (rules.TryGetValue(key, out RuleForm? known)) return known;
        if (rules.Count == MostRules) throw new GrammarException($"{root.Place}: the schema is too large: its combinations make more than {MostRules} rules.");
        var rule = new RuleForm(parts.Count > 0 ? parts[0].Place : root.Place);
        rules.Add(key, rule);
        waiting.Enqueue((rule, parts, shape));
        return rule;
    }

    /// <summary>Says that a keyword is not understood: an error, or news for whoever asked for it.</summary>
    public void Ignore(string place)
    {
        if (isStrict) throw new GrammarException($"{place} is not supported; leave it out, or do not ask for a strict schema.");
        if (looked.Add(place)) ignored?.Invoke(place);
    }

    private Form FormOf(IReadOnlyList<SchemaPart> parts, ValueShape shape, string place)
    {
        var flat = new List<SchemaPart>();
        foreach (SchemaPart part in parts)
        {
            if (Flatten(part, flat, []) is { } never) return never;
        }

        if (flat.Count == 0 && shape == ValueShape.Json) return Forms.AnyValue();
        if (BranchesOf(flat, shape) is { } branches) return branches;
        SchemaTypes types = TypesOf(flat) & shape switch
        {
            ValueShape.RawText => SchemaTypes.Text,
            ValueShape.JsonNoText => ~SchemaTypes.Text,
            ValueShape.Arguments => SchemaTypes.Object,
            _ => SchemaTypes.All,
        };

        // Reading texts and bounds now reports their errors even where enum decides.
        var text = new TextSchema(flat, this);
        var numbers = new NumberSchema(flat);
        if (flat.Exists(part => part["enum"] is not null || part["const"] is not null)) return EnumOf(flat, types, shape);

        var options = new List<Form>();
        if (types.HasFlag(SchemaTypes.Text)) options.Add(text.ToForm(shape));
        if (types.HasFlag(SchemaTypes.Null)) options.Add(Form.Literal("null"));
        if (types.HasFlag(SchemaTypes.Boolean)) options.AddRange([Form.Literal("true"), Form.Literal("false")]);
        if ((types & SchemaTypes.Number) != 0) options.Add(numbers.ToForm(types.HasFlag(SchemaTypes.Fraction), Forms));
        if (types.HasFlag(SchemaTypes.Array)) options.Add(new ArraySchema(flat, this).ToForm());
        if (types.HasFlag(SchemaTypes.Object)) options.Add(new ObjectSchema(flat, this).ToForm(shape));
        return options.Count > 0 ? Form.Choice(options) : Form.Never($"{place} allows no type of value that can stand there.");
    }

    // Adds a schema and what it refers to; returns why nothing satisfies it, if that is so.
    private Form? Flatten(SchemaPart part, List<SchemaPart> flat, HashSet<string> path)
    {
        if (part.Schema.ValueKind == JsonValueKind.True || flat.Exists(other => other.Place == part.Place)) return null;
        if (part.Schema.ValueKind == JsonValueKind.False) return Form.Never($"{part.Place} is false: nothing can stand there.");
        if (part.Schema.ValueKind != JsonValueKind.Object) throw new GrammarException($"{part.Place} is neither an object nor a boolean, so it is no schema.");
        if (flat.Count == MostParts || path.Count == MostDepth) throw new GrammarException($"{part.Place}: too many schemas are drawn together by references and allOf.");
        if (!path.Add(part.Place)) throw new GrammarException($"{part.Place} refers to itself without an end.");
        Look(part);
        if (!part.IsFlat)
        {
            if (part["$ref"] is not null && Flatten(references.Resolve(part), flat, path) is { } never) return never;
            foreach (SchemaPart inner in part.BelowAll("allOf"))
            {
                if (Flatten(inner, flat, path) is { } impossible) return impossible;
            }
        }

        flat.Add(part with { IsFlat = true });
        path.Remove(part.Place);
        return null;
    }

    private void Look(SchemaPart part)
    {
        foreach (JsonProperty keyword in part.Schema.EnumerateObject())
        {
            if (!SchemaKeywords.IsUnderstood(keyword.Name)) Ignore($"{part.Place}.{keyword.Name}");
        }
    }

    // One form for each branch of the first anyOf or oneOf; null when there is none.
    private Form? BranchesOf(List<SchemaPart> flat, ValueShape shape)
    {
        for (int i = 0; i < flat.Count; i++)
        {
            SchemaPart part = flat[i];
            string? keyword = !part.SkipsAnyOf && part["anyOf"] is not null ? "anyOf" : !part.SkipsOneOf && part["oneOf"] is not null ? "oneOf" : null;
            if (keyword is null) continue;
            SchemaPart rest = keyword == "anyOf" ? part with { SkipsAnyOf = true } : part with { SkipsOneOf = true };
            Form[] branches = [.. part.BelowAll(keyword).Select(branch => RuleOf([.. flat[..i], rest, .. flat[(i + 1)..], branch], shape))];
            return branches.Length > 0 ? Form.Choice(branches) : Form.Never($"{part.Place}.{keyword} is empty: nothing can stand there.");
        }

        return null;
    }

    private static SchemaTypes TypesOf(List<SchemaPart> flat)
    {
        var types = SchemaTypes.All;
        SchemaTypes implied = SchemaTypes.None;
        bool isSaid = false;
        foreach (SchemaPart part in flat)
        {
            isSaid |= part["type"] is not null || part["enum"] is not null || part["const"] is not null;
            if (part["type"] is { } type) types &= SchemaKeywords.ReadTypes(type, part.Place);
            foreach (JsonProperty keyword in part.Schema.EnumerateObject()) implied |= SchemaKeywords.TypesOf(keyword.Name);
        }

        return isSaid || implied == SchemaTypes.None ? types : implied;
    }

    private Form EnumOf(List<SchemaPart> flat, SchemaTypes types, ValueShape shape)
    {
        JsonElement[]? values = null;
        string place = string.Empty;
        foreach (SchemaPart part in flat)
        {
            foreach (string keyword in (ReadOnlySpan<string>)["enum", "const"])
            {
                if (part[keyword] is not { } given) continue;
                place = $"{part.Place}.{keyword}";
                if (keyword == "enum" && given.ValueKind != JsonValueKind.Array) throw new GrammarException($"{place} is not an array.");
                values ??= keyword == "enum" ? [.. given.EnumerateArray()] : [given];
            }
        }

        if (shape == ValueShape.Arguments) throw new GrammarException($"{place} stands where the parameters of a tool are described; use properties.");
        Form[] options = [.. values!.Where(value => types.HasFlag(SchemaKeywords.TypeOf(value)) && flat.TrueForAll(part => check.Allows(part, value)))
            .Select(value => shape == ValueShape.RawText ? Markup.RawValue(value.GetString()!) : Forms.Value(value))];
        return options.Length > 0 ? Form.Choice(options) : Form.Never($"{place} has no value that can stand there.");
    }
}
