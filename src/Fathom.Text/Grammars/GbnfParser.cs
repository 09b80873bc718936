namespace Fathom.Text.Grammars;

/// <summary>Reads llama.cpp's GBNF. A rule goes on until the next name with <c>::=</c>, wherever its lines break.</summary>
internal sealed class GbnfParser(string grammar)
{
    private readonly PatternReader reader = new(grammar, "The grammar");
    private readonly Dictionary<string, RuleForm> rules = new(StringComparer.Ordinal);
    private readonly HashSet<string> defined = new(StringComparer.Ordinal);

    /// <summary>The rule named root.</summary>
    /// <exception cref="GrammarException">The text is no grammar, or a rule is missing.</exception>
    public RuleForm Parse()
    {
        SkipSpace();
        while (!reader.IsAtEnd)
        {
            string name = ReadName();
            if (name.Length == 0) throw reader.Error("the name of a rule is missing");
            SkipSpace();
            reader.Expect("::=");
            SkipSpace();
            if (!defined.Add(name)) throw reader.Error($"the rule {name} is defined a second time");
            RuleOf(name).Body = ReadAlternatives();
        }

        foreach (string name in rules.Keys)
        {
            if (!defined.Contains(name)) throw new GrammarException($"The grammar uses the rule {name}, which it does not define.");
        }

        return rules.TryGetValue("root", out RuleForm? root) ? root : throw new GrammarException("The grammar has no rule named root.");
    }

    private Form ReadAlternatives()
    {
        reader.Descend();
        var options = new List<Form> { ReadSequence() };
        while (reader.Try("|"))
        {
            SkipSpace();
            options.Add(ReadSequence());
        }

        reader.Ascend();
        return Form.Choice(options);
    }

    private Form ReadSequence()
    {
        var parts = new List<Form>();
        while (!reader.IsAtEnd && reader.Next is not ('|' or ')') && !IsAtNextRule())
        {
            Form part = ReadElement();
            SkipSpace();
            while (ReadQuantifier() is var (least, most))
            {
                part = Form.Repeat(part, least, most);
                SkipSpace();
            }

            parts.Add(part);
        }

        return Form.Sequence(parts);
    }

    private (int Least, int Most)? ReadQuantifier()
    {
        if (reader.Try("*")) return (0, RepeatForm.NoLimit);
        if (reader.Try("+")) return (1, RepeatForm.NoLimit);
        if (reader.Try("?")) return (0, 1);
        if (!reader.Try("{")) return null;
        return reader.TryReadCounts(mayLackLeast: true) ?? throw reader.Error("a repetition is written {m}, {m,}, {,n} or {m,n}");
    }

    private Form ReadElement()
    {
        if (reader.Try("\"")) return ReadLiteral();
        if (reader.Try("[")) return Utf8Forms.Of(ReadClass());
        if (reader.Try(".")) return Utf8Forms.Of(CharacterSet.All);
        if (reader.Try("("))
        {
            SkipSpace();
            Form inner = ReadAlternatives();
            reader.Expect(")");
            return inner;
        }

        string name = ReadName();
        return name.Length > 0 ? RuleOf(name) : throw reader.Error($"\"{reader.Next}\" begins no literal, class, group or name of a rule");
    }

    private Form ReadLiteral()
    {
        var parts = new List<Form>();
        while (!reader.Try("\"")) parts.Add(Utf8Forms.Of(CharacterSet.Of(ReadCharacter())));
        return Form.Sequence(parts);
    }

    private CharacterSet ReadClass()
    {
        bool isNegated = reader.Try("^");
        var ranges = new List<(int, int)>();
        while (!reader.Try("]"))
        {
            int first = ReadCharacter(), last = first, start = reader.At;
            if (reader.Try("-") && reader.Next != ']') last = ReadCharacter();
            else reader.At = start;
            if (last < first) throw reader.Error("a range of characters runs backwards");
            ranges.Add((first, last));
        }

        CharacterSet set = CharacterSet.Of(ranges);
        return isNegated ? set.Complement() : set;
    }

    private int ReadCharacter()
    {
        int character = reader.ReadCharacter();
        if (character != '\\') return character;
        character = reader.ReadCharacter();
        int value = character switch
        {
            'x' => reader.ReadHex(2),
            'u' => reader.ReadHex(4),
            'U' => reader.ReadHex(8),
            't' => '\t',
            'r' => '\r',
            'n' => '\n',
            '\\' or '"' or '[' or ']' or '-' or '^' => character,
            _ => throw reader.Error("an escape is unknown"),
        };
        return System.Text.Rune.IsValid(value) ? value : throw reader.Error("an escape names no character");
    }

    private RuleForm RuleOf(string name)
    {
        if (!rules.TryGetValue(name, out RuleForm? rule)) rules.Add(name, rule = new RuleForm($"The rule {name}"));
        return rule;
    }

    private bool IsAtNextRule()
    {
        int start = reader.At;
        bool isRule = ReadName().Length > 0;
        SkipSpace();
        isRule = isRule && reader.Try("::=");
        reader.At = start;
        return isRule;
    }

    private string ReadName() => reader.ReadWhile(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    private void SkipSpace()
    {
        while (!reader.IsAtEnd)
        {
            if (reader.Next == '#') reader.ReadWhile(c => c != '\n');
            else if (char.IsWhiteSpace(reader.Next)) reader.At++;
            else return;
        }
    }
}
