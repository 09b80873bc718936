using System.Text.Json;

namespace Fathom.Text.Grammars;

/// <summary>
/// V4's markup of tool calls as forms; the counterpart of <see cref="ToolMarkup"/>. Values never hold the bar of the
/// markup unescaped where they could be mistaken for it, so that the parser reads what the grammar wrote.
/// </summary>
internal sealed class ToolCallForms
{
    private const int LongestName = 64;

    private static readonly CharacterSet Bar = CharacterSet.Of("｜");
    private static readonly CharacterSet NameCharacters = CharacterSet.Of(('0', '9'), ('A', 'Z'), ('a', 'z'), ('_', '_'), ('-', '-'));

    private readonly string block, invoke, parameter;
    private readonly bool isStrict;
    private readonly JsonForms forms = new(Bar);

    public ToolCallForms(ChatFormat format, bool isStrict)
    {
        this.isStrict = isStrict;
        string blank = format == ChatFormat.V41 ? " " : string.Empty;
        block = format == ChatFormat.V41 ? " calls" : "tool_calls";
        invoke = blank + "invoke";
        parameter = blank + "parameter";
    }

    /// <summary>Any text that does not hold the closing tag's beginning or the end token, and the closing tag.</summary>
    public RuleForm RawText => field ??= TextUntil($"</{Fathom.Text.Markup.Dsml}", Form.Literal($"{parameter}>"));

    /// <summary>The block with all tags.</summary>
    public Form Block(IReadOnlyList<ChatTool> tools, bool allowsSeveral)
    {
        if (tools.Count == 0) throw new GrammarException("The list of tools is empty; give at least one.");
        Form call = Form.Choice([.. tools.Select((tool, index) => Call(tool, $"tools[{index}]"))]);
        return Form.Sequence(Form.Literal($"\n\n{Open(block)}>\n"), Form.Repeat(call, 1, allowsSeveral ? RepeatForm.NoLimit : 1), Form.Literal(Close(block)));
    }

    /// <summary>A parameter, as text or as JSON.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="text">What it may be as text, with the closing tag; maybe nothing.</param>
    /// <param name="json">What it may be as JSON; maybe nothing.</param>
    public Form Parameter(string name, Form text, Form json)
    {
        // Attributes have no escapes, and tags have an end: such names cannot be written.
        if (name.AsSpan().ContainsAny('"', '｜') || name.Length > 1000) return Form.Never($"The parameter {name} has a name that cannot stand in a tag.");
        return Parameter(Form.Literal(name), text, json);
    }

    /// <summary>A parameter that the schema does not name: letters, digits, low lines and hyphens.</summary>
    public Form OtherParameter(IReadOnlyCollection<string> names, Form text, Form json)
    {
        var rest = Form.Repeat(Utf8Forms.Of(NameCharacters), 0, LongestName - 1);
        if (names.Count == 0) return Parameter(Form.Sequence(Utf8Forms.Of(NameCharacters), rest), text, json);

        // Names must not meet: another first character than those of the named ones is the simplest way.
        CharacterSet taken = CharacterSet.Of(names.Where(name => name.Length > 0).Select(name => name.EnumerateRunes().First().Value).Select(first => (first, first)));
        return Parameter(Form.Sequence(Utf8Forms.Of(NameCharacters.Minus(taken)), rest), text, json);
    }

    /// <summary>One character of a text as it is.</summary>
    public static Form Spell(CharacterSet set) => Utf8Forms.Of(set.Minus(Bar));

    /// <summary>A text and the closing tag.</summary>
    public Form Closed(Form text) => Form.Sequence(text, Form.Literal(Close(parameter)));

    /// <summary>Exactly this text and the closing tag.</summary>
    public Form RawValue(string text) =>
        text.Contains('｜', StringComparison.Ordinal) ? Form.Never($"The value {text} cannot stand in a tag.") : Closed(Form.Literal(text));

    private Form Call(ChatTool tool, string place)
    {
        if (tool.Name.Length is 0 or > 1000 || tool.Name.AsSpan().ContainsAny('"', '｜')) throw new GrammarException($"{place} has a name that cannot stand in a tag: it is empty, too long, or holds a quotation mark or a bar.");
        return Form.Sequence(Form.Literal($"{Open(invoke)} name=\"{tool.Name}\">\n"), Arguments(tool), Form.Literal($"\n{Close(invoke)}\n"));
    }

    private Form Arguments(ChatTool tool)
    {
        if (!tool.Function.TryGetProperty("parameters", out JsonElement schema) || schema.ValueKind == JsonValueKind.Null) return Form.Empty;
        var compiler = new SchemaCompiler(schema, $"{tool.Name}: $", isStrict, null, forms, this);
        RuleForm rule = compiler.Compile(ValueShape.Arguments);
        compiler.Finish();

        // One impossible tool among others would only be left out; it is an error all the same.
        FormAnalysis analysis = FormAnalysis.Of(rule);
        return analysis.IsPossible(rule) ? rule : throw new GrammarException(analysis.Explain(rule));
    }

    private Form Parameter(Form name, Form text, Form json)
    {
        Form asText = Form.Sequence(Form.Literal("true\">"), text);
        Form asJson = Form.Sequence(Form.Literal("false\">"), Closed(json));
        return Form.Sequence(Form.Literal($"{Open(parameter)} name=\""), name, Form.Literal("\" string=\""), Form.Choice(asText, asJson));
    }

    // A rule for each prefix of the two marks that may have been read; a mark's end is either the end or not allowed.
    private static RuleForm TextUntil(string end, Form after)
    {
        string[] marks = [end, Fathom.Text.Markup.Eos];
        Dictionary<string, RuleForm> rules = marks.SelectMany(mark => Enumerable.Range(0, mark.Length).Select(length => mark[..length])).Distinct().ToDictionary(prefix => prefix, _ => new RuleForm("A text"));
        foreach ((string prefix, RuleForm rule) in rules)
        {
            var options = new List<Form>();
            CharacterSet taken = CharacterSet.None;
            foreach (char character in marks.SelectMany(mark => mark).Distinct())
            {
                CharacterSet set = CharacterSet.Of(character);
                taken = taken.Union(set);
                string read = prefix + character;
                if (read.EndsWith(end, StringComparison.Ordinal)) options.Add(Form.Sequence(Utf8Forms.Of(set), after));
                else if (!read.EndsWith(Fathom.Text.Markup.Eos, StringComparison.Ordinal)) options.Add(Form.Sequence(Utf8Forms.Of(set), rules[LongestPrefix(read)]));
            }

            options.Add(Form.Sequence(Utf8Forms.Of(taken.Complement()), rules[string.Empty]));
            rule.Body = Form.Choice(options);
        }

        return rules[string.Empty];

        string LongestPrefix(string read) => Enumerable.Range(0, read.Length + 1).Select(start => read[start..]).First(rules.ContainsKey);
    }

    private static string Open(string name) => $"<{Fathom.Text.Markup.Dsml}{name}";

    private static string Close(string name) => $"</{Fathom.Text.Markup.Dsml}{name}>";
}
