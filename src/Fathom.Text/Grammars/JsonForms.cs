using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Fathom.Text.Grammars;

/// <summary>JSON's own forms. White space is at most one blank or line feed at a place, so that a model cannot stall in it.</summary>
/// <param name="unwritten">Characters that strings hold only as an escape.</param>
internal sealed class JsonForms(CharacterSet unwritten)
{
    /// <summary>How deep values nest that no schema describes: half of what readers commonly take.</summary>
    public const int MostDepth = 32;

    private const string ShortEscapes = "\"\\\b\f\n\r\t";
    private const string ShortEscapeLetters = "\"\\bfnrt";

    private static readonly CharacterSet Controls = CharacterSet.Of((0, 31));
    private static readonly Form Hex = Form.Choice(Form.Byte('0', '9'), Form.Byte('a', 'f'), Form.Byte('A', 'F'));

    private readonly RuleForm?[] values = new RuleForm?[MostDepth + 1];

    public Form Space { get; } = Form.Optional(Form.Choice(Form.Literal(" "), Form.Literal("\n")));

    /// <summary>A comma, or a colon, with the white space around it.</summary>
    public Form Separator(string mark) => Form.Sequence(Space, Form.Literal(mark), Space);

    /// <summary>Any string in any spelling.</summary>
    public RuleForm AnyString => field ??= new RuleForm("A string") { Body = Quoted(Form.Repeat(AnyCharacter, 0)) };

    /// <summary>Any number of up to 20 digits before and after the point and an exponent of up to two, so that it is finite as a double.</summary>
    public RuleForm AnyNumber => field ??= new RuleForm("A number")
    {
        Body = Form.Sequence(
            Form.Optional(Form.Literal("-")),
            NumberForms.Whole(0, null),
            Form.Optional(Form.Sequence(Form.Literal("."), Form.Repeat(NumberForms.Digit, 1, NumberForms.MostDigits))),
            Form.Optional(Form.Sequence(Form.Choice(Form.Literal("e"), Form.Literal("E")), Form.Optional(Form.Choice(Form.Literal("+"), Form.Literal("-"))), Form.Repeat(NumberForms.Digit, 1, 2)))),
    };

    /// <summary>One character of a string in any spelling; a pair of surrogate escapes is one.</summary>
    public Form AnyCharacter => field ??= Form.Choice(
        Utf8Forms.Of(Plain(CharacterSet.All)),
        Form.Sequence(Form.Literal("\\"), Form.Choice([.. (ShortEscapeLetters + "/").Select(letter => Form.Byte(letter, letter))])),
        Form.Sequence(Form.Literal("\\u"), Form.Choice(
            Form.Sequence(Form.Choice(Form.Byte('0', '9'), Form.Byte('a', 'c'), Form.Byte('A', 'C'), Form.Byte('e', 'f'), Form.Byte('E', 'F')), Hex, Hex, Hex),
            Form.Sequence(Form.Choice(Form.Byte('d', 'd'), Form.Byte('D', 'D')), Form.Byte('0', '7'), Hex, Hex),
            SurrogatePair())));

    /// <summary>One character of a set in its shortest spelling.</summary>
    public Form Spell(CharacterSet set)
    {
        var options = new List<Form> { Utf8Forms.Of(Plain(set)) };
        var letters = new List<Form>();
        for (int i = 0; i < ShortEscapes.Length; i++)
        {
            if (set.Contains(ShortEscapes[i])) letters.Add(Form.Byte(ShortEscapeLetters[i], ShortEscapeLetters[i]));
        }

        if (letters.Count > 0) options.Add(Form.Sequence(Form.Literal("\\"), Form.Choice(letters)));
        foreach ((int first, int last) in set.Intersect(Controls.Minus(CharacterSet.Of(ShortEscapes)).Union(unwritten)).Ranges)
        {
            for (int character = first; character <= last; character++) options.Add(Form.Literal(Escape(character)));
        }

        return Form.Choice(options);
    }

    /// <summary>A string between its quotation marks.</summary>
    public static Form Quoted(Form inner) => Form.Sequence(Form.Literal("\""), inner, Form.Literal("\""));

    /// <summary>Exactly this string, in its shortest spelling.</summary>
    public Form Text(string text)
    {
        var spelled = new StringBuilder();
        foreach (Rune rune in text.EnumerateRunes())
        {
            int shortEscape = rune.IsAscii ? ShortEscapes.IndexOf((char)rune.Value, StringComparison.Ordinal) : -1;
            if (shortEscape >= 0) spelled.Append('\\').Append(ShortEscapeLetters[shortEscape]);
            else if (rune.Value < 32 || unwritten.Contains(rune.Value)) spelled.Append(Escape(rune.Value));
            else spelled.Append(rune.ToString());
        }

        return Form.Literal($"\"{spelled}\"");
    }

    /// <summary>Exactly this value; objects keep their order, numbers their digits.</summary>
    public Form Value(JsonElement value, int depth = 0)
    {
        if (depth > 100) throw new GrammarException("A value of enum or const is nested more than 100 deep.");
        switch (value.ValueKind)
        {
            case JsonValueKind.String: return Text(value.GetString()!);
            case JsonValueKind.Array: return Enclosed("[", "]", [.. value.EnumerateArray().Select(item => Value(item, depth + 1))]);
            case JsonValueKind.Object:
                return Enclosed("{", "}", [.. value.EnumerateObject().Select(member => Form.Sequence(Text(member.Name), Separator(":"), Value(member.Value, depth + 1)))]);
            default: return Form.Literal(value.GetRawText());
        }
    }

    /// <summary>Any object.</summary>
    public Form AnyObject() => ObjectOf(MostDepth);

    /// <summary>Any array.</summary>
    public Form AnyArray() => ArrayOf(MostDepth);

    /// <summary>Any value.</summary>
    public RuleForm AnyValue() => ValueOf(MostDepth);

    /// <summary>A name of a property that is none of some names, with its quotation marks.</summary>
    public Form NameExcept(IReadOnlyCollection<string> names)
    {
        if (names.Count == 0) return AnyString;

        // A trie of the names: where a name leaves it, anything may follow; where it ends, the quotation mark may not.
        var rest = new RuleForm("The rest of a name") { Body = Form.Sequence(Form.Repeat(Spell(CharacterSet.All), 0), Form.Literal("\"")) };
        var root = new RuleForm("A name");
        var waiting = new Queue<(RuleForm Rule, List<int[]> Names, int At)>([(root, [.. names.Distinct().Select(name => name.EnumerateRunes().Select(rune => rune.Value).ToArray())], 0)]);
        while (waiting.TryDequeue(out (RuleForm Rule, List<int[]> Names, int At) node))
        {
            var options = new List<Form>();
            if (!node.Names.Exists(name => name.Length == node.At)) options.Add(Form.Literal("\""));
            CharacterSet taken = CharacterSet.None;
            foreach (IGrouping<int, int[]> branch in node.Names.Where(name => name.Length > node.At).GroupBy(name => name[node.At]))
            {
                var child = new RuleForm("A name");
                CharacterSet character = CharacterSet.Of(branch.Key);
                options.Add(Form.Sequence(Spell(character), child));
                waiting.Enqueue((child, [.. branch], node.At + 1));
                taken = taken.Union(character);
            }

            options.Add(Form.Sequence(Spell(taken.Complement()), rest));
            node.Rule.Body = Form.Choice(options);
        }

        return Form.Sequence(Form.Literal("\""), root);
    }

    private RuleForm ValueOf(int depth)
    {
        if (values[depth] is { } known) return known;
        var options = new List<Form> { AnyString, AnyNumber, Form.Literal("true"), Form.Literal("false"), Form.Literal("null") };
        RuleForm rule = values[depth] = new RuleForm("A value");
        if (depth > 0) options.AddRange([ObjectOf(depth), ArrayOf(depth)]);
        rule.Body = Form.Choice(options);
        return rule;
    }

    private Form ObjectOf(int depth) => List("{", "}", Form.Sequence(AnyString, Separator(":"), ValueOf(depth - 1)));

    private Form ArrayOf(int depth) => List("[", "]", ValueOf(depth - 1));

    private Form List(string open, string close, Form item)
    {
        Form items = Form.Sequence(item, Form.Repeat(Form.Sequence(Separator(","), item), 0), Space);
        return Form.Sequence(Form.Literal(open), Space, Form.Optional(items), Form.Literal(close));
    }

    private Form Enclosed(string open, string close, List<Form> items)
    {
        var parts = new List<Form> { Form.Literal(open), Space };
        for (int i = 0; i < items.Count; i++) parts.AddRange(i == 0 ? [items[i]] : [Separator(","), items[i]]);
        if (items.Count > 0) parts.Add(Space);
        parts.Add(Form.Literal(close));
        return Form.Sequence(parts);
    }

    private CharacterSet Plain(CharacterSet set) => set.Minus(Controls.Union(CharacterSet.Of("\"\\")).Union(unwritten));

    private static Form SurrogatePair()
    {
        Form d = Form.Choice(Form.Byte('d', 'd'), Form.Byte('D', 'D'));
        Form high = Form.Choice(Form.Byte('8', '9'), Form.Byte('a', 'b'), Form.Byte('A', 'B'));
        Form low = Form.Choice(Form.Byte('c', 'f'), Form.Byte('C', 'F'));
        return Form.Sequence(d, high, Hex, Hex, Form.Literal("\\u"), d, low, Hex, Hex);
    }

    private static string Escape(int character) => string.Create(CultureInfo.InvariantCulture, $"\\u{character:x4}");
}
