using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Fathom.Text.Grammars;

/// <summary>What schemas say about a string: its length, a pattern, a format.</summary>
internal sealed class TextSchema
{
    private readonly SchemaCompiler compiler;
    private readonly int least;
    private readonly int most = RepeatForm.NoLimit;
    private readonly string lengthPlace = string.Empty;
    private readonly string? pattern;
    private readonly string patternPlace = string.Empty;
    private Func<string, bool>? matches;

    public TextSchema(List<SchemaPart> parts, SchemaCompiler compiler)
    {
        this.compiler = compiler;
        foreach (SchemaPart part in parts)
        {
            if (part.Count("minLength") is { } minimum && minimum > least) (least, lengthPlace) = (minimum, $"{part.Place}.minLength");
            if (part.Count("maxLength") is { } maximum && maximum < most) (most, lengthPlace) = (maximum, $"{part.Place}.maxLength");
            foreach (string keyword in (ReadOnlySpan<string>)["pattern", "format"])
            {
                if (part[keyword] is not { } value) continue;
                string place = $"{part.Place}.{keyword}";
                if (value.ValueKind != JsonValueKind.String) throw new GrammarException($"{place} is not a string.");
                string? given = keyword == "pattern" ? value.GetString()! : StringFormats.PatternOf(value.GetString()!);

                // Of several patterns one is followed: all of them at once would be a product of automata.
                if (given is null || (pattern is not null && pattern != given)) compiler.Ignore(place);
                else (pattern, patternPlace) = (given, place);
            }
        }
    }

    private bool IsFree => pattern is null && least == 0 && most == RepeatForm.NoLimit;

    /// <summary>The form of such strings.</summary>
    public Form ToForm(ValueShape shape)
    {
        bool isRaw = shape == ValueShape.RawText;
        if (least > most) return Form.Never($"{lengthPlace}: a smallest length of {least} and a largest of {most} contradict each other.");
        if (IsFree) return isRaw ? compiler.Markup.RawText : compiler.Forms.AnyString;
        if (pattern is null)
        {
            Form characters = Form.Repeat(isRaw ? ToolCallForms.Spell(CharacterSet.All) : compiler.Forms.AnyCharacter, least, most);
            return isRaw ? compiler.Markup.Closed(characters) : JsonForms.Quoted(characters);
        }

        Form form = PatternForm(isRaw ? ToolCallForms.Spell : compiler.Forms.Spell);
        return isRaw ? compiler.Markup.Closed(form) : JsonForms.Quoted(form);
    }

    /// <summary>Whether a value is no string or satisfies all of it.</summary>
    public bool Allows(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String || IsFree) return true;
        string text = value.GetString()!;
        int length = text.EnumerateRunes().Count(); // JSON Schema counts characters, not UTF-16 units.
        if (length < least || length > most) return false;
        return pattern is null || (matches ??= Matcher())(text);
    }

    private Form PatternForm(Func<CharacterSet, Form> spell)
    {
        (Form form, long shortest, long longest) = new RegexParser(pattern!, patternPlace, spell).ParseAnywhere();

        // Lengths beside a pattern are followed where the pattern implies or excludes them.
        if (shortest > most || longest < least) return Form.Never($"{lengthPlace} and {patternPlace} contradict each other.");
        if (shortest < least || (most != RepeatForm.NoLimit && longest > most)) compiler.Ignore(lengthPlace);
        return form;
    }

    private Func<string, bool> Matcher()
    {
        var rule = new RuleForm(patternPlace) { Body = new RegexParser(pattern!, patternPlace, Utf8Forms.Of).ParseAnywhere().Form };
        if (!FormAnalysis.Of(rule).IsPossible(rule)) return _ => false;
        var table = new StateTable(AutomatonBuilder.Build(rule), horizon: 0);
        return text =>
        {
            MatchState state = table.Refresh(table.Start());
            foreach (byte value in Encoding.UTF8.GetBytes(text)) state = table.Step(state, value);
            return state.IsComplete;
        };
    }
}
