namespace Fathom.Text.Grammars;

/// <summary>
/// Reads regular expressions in the ECMAScript spelling. Only what is regular: no look-around, back-references or word
/// boundaries. Anchors may stand at the ends of the pattern or of its alternatives.
/// </summary>
/// <param name="pattern">The pattern.</param>
/// <param name="place">How errors name it.</param>
/// <param name="spell">The form of one character of a set: plain, or escaped for a JSON string.</param>
internal sealed class RegexParser(string pattern, string place, Func<CharacterSet, Form> spell)
{
    private static readonly CharacterSet Digits = CharacterSet.Of(('0', '9'));
    private static readonly CharacterSet WordCharacters = CharacterSet.Of(('0', '9'), ('A', 'Z'), ('a', 'z'), ('_', '_'));
    private static readonly CharacterSet WhiteSpace = CharacterSet.Of((9, 13), (32, 32), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF));
    private static readonly CharacterSet NoLineEnd = CharacterSet.Of((10, 10), (13, 13), (0x2028, 0x2029)).Complement();

    private readonly PatternReader reader = new(pattern, place);

    private enum Anchor
    {
        Start,
        End,
    }

    /// <summary>The form of texts that match as a whole.</summary>
    public Form ParseWhole() => ToForm(Parse(), anchored: true).Form;

    /// <summary>The form of texts in which the pattern is found somewhere, and their smallest and largest number of characters.</summary>
    public (Form Form, long Least, long Most) ParseAnywhere() => ToForm(Parse(), anchored: false);

    private Node Parse()
    {
        Node node = ReadAlternatives();
        return reader.IsAtEnd ? node : throw reader.Error("a closing parenthesis has no opening one");
    }

    private Node ReadAlternatives()
    {
        reader.Descend();
        var options = new List<Node> { ReadSequence() };
        while (reader.Try("|")) options.Add(ReadSequence());
        reader.Ascend();
        return options.Count == 1 ? options[0] : new Choice(options);
    }

    private Sequence ReadSequence()
    {
        var parts = new List<Node>();
        while (!reader.IsAtEnd && reader.Next is not ('|' or ')')) parts.Add(ReadRepeated());
        return new Sequence(parts);
    }

    private Node ReadRepeated()
    {
        Node atom = ReadAtom();
        while (ReadQuantifier() is var (least, most))
        {
            if (atom is AnchorNode) throw reader.Error("an anchor is repeated");
            atom = new Repeat(atom, least, most);
            reader.Try("?");
            if (reader.Next is '+' or '*' or '?') throw reader.Error("a repetition is repeated; put a group around it");
        }

        return atom;
    }

    private (int Least, int Most)? ReadQuantifier()
    {
        if (reader.Try("*")) return (0, RepeatForm.NoLimit);
        if (reader.Try("+")) return (1, RepeatForm.NoLimit);
        if (reader.Try("?")) return (0, 1);
        if (reader.Next != '{') return null;
        int start = reader.At++;
        if (reader.TryReadCounts(mayLackLeast: false) is { } counts) return counts;
        reader.At = start;
        return null;
    }

    private Node ReadAtom()
    {
        if (reader.Try("^")) return new AnchorNode(Anchor.Start);
        if (reader.Try("$")) return new AnchorNode(Anchor.End);
        if (reader.Try("(")) return ReadGroup();
        if (reader.Try("[")) return new Characters(ReadClass());
        if (reader.Try(".")) return new Characters(NoLineEnd);
        if (reader.Next is '*' or '+' or '?') throw reader.Error("there is nothing to repeat");
        if (!reader.Try("\\")) return new Characters(CharacterSet.Of(reader.ReadCharacter()));
        if (reader.Next is >= '1' and <= '9' or 'k') throw reader.Error("back-references are not supported");
        if (reader.Next is 'b' or 'B') throw reader.Error("word boundaries are not supported");
        if (reader.Try("A")) return new AnchorNode(Anchor.Start);
        if (reader.Try("Z") || reader.Try("z")) return new AnchorNode(Anchor.End);
        return new Characters(ReadEscape());
    }

    private Node ReadGroup()
    {
        if (reader.Try("?") && !reader.Try(":"))
        {
            if (reader.Try("P")) { }
            if (!reader.Try("<") || reader.Next is '=' or '!') throw reader.Error("look-around and flags are not supported");
            reader.ReadWhile(c => c != '>');
            reader.Expect(">");
        }

        Node inner = ReadAlternatives();
        reader.Expect(")");
        return inner;
    }

    private CharacterSet ReadClass()
    {
        bool isNegated = reader.Try("^");
        CharacterSet set = CharacterSet.None;
        while (!reader.Try("]"))
        {
            CharacterSet first = ReadClassAtom();
            int start = reader.At;
            if (Single(first) is { } low && reader.Try("-") && reader.Next != ']' && Single(ReadClassAtom()) is { } high)
            {
                if (high < low) throw reader.Error("a range of characters runs backwards");
                first = CharacterSet.Of((low, high));
            }
            else
            {
                reader.At = start;
            }

            set = set.Union(first);
        }

        return isNegated ? set.Complement() : set;
    }

    private CharacterSet ReadClassAtom()
    {
        if (reader.IsAtEnd) throw reader.Error("a class of characters lacks its closing bracket");
        if (!reader.Try("\\")) return CharacterSet.Of(reader.ReadCharacter());
        return reader.Try("b") ? CharacterSet.Of(8) : ReadEscape();
    }

    private CharacterSet ReadEscape()
    {
        int character = reader.ReadCharacter();
        switch (character)
        {
            case 'd': return Digits;
            case 'D': return Digits.Complement();
            case 'w': return WordCharacters;
            case 'W': return WordCharacters.Complement();
            case 's': return WhiteSpace;
            case 'S': return WhiteSpace.Complement();
            case 't': return CharacterSet.Of(9);
            case 'n': return CharacterSet.Of(10);
            case 'v': return CharacterSet.Of(11);
            case 'f': return CharacterSet.Of(12);
            case 'r': return CharacterSet.Of(13);
            case '0' when !char.IsAsciiDigit(reader.Next): return CharacterSet.Of(0);
            case 'c' when char.IsAsciiLetter(reader.Next): return CharacterSet.Of(reader.ReadCharacter() & 31);
            case 'x': return CharacterSet.Of(reader.ReadHex(2));
            case 'u': return CharacterSet.Of(ReadUnicode());
        }

        if (character < 128 && char.IsAsciiLetterOrDigit((char)character)) throw reader.Error($"the escape \\{(char)character} is not supported");
        return CharacterSet.Of(character);
    }

    private int ReadUnicode()
    {
        if (reader.Try("{"))
        {
            string digits = reader.ReadWhile(char.IsAsciiHexDigit);
            reader.Expect("}");
            if (digits.Length is 0 or > 6) throw reader.Error("a character number has one to six hexadecimal digits");
            return Scalar(Convert.ToInt32(digits, 16));
        }

        int unit = reader.ReadHex(4);
        if (unit is < 0xD800 or > 0xDBFF || !reader.Try("\\u")) return Scalar(unit);
        int low = reader.ReadHex(4);
        return low is >= 0xDC00 and <= 0xDFFF ? char.ConvertToUtf32((char)unit, (char)low) : throw reader.Error("half a surrogate pair stands alone");
    }

    private int Scalar(int value) => System.Text.Rune.IsValid(value) ? value : throw reader.Error($"U+{value:X4} is no character");

    private static int? Single(CharacterSet set) => set.Ranges is [var (first, last)] && first == last ? first : null;

    // Alternatives of the whole pattern each have their own anchors; what has none at an end may have anything there.
    private (Form Form, long Least, long Most) ToForm(Node node, bool anchored)
    {
        while (node is Sequence { Parts: [Choice or Sequence] } alone) node = alone.Parts[0];
        if (node is Choice choice)
        {
            (Form Form, long Least, long Most)[] options = [.. choice.Options.Select(option => ToForm(option, anchored))];
            return (Form.Choice([.. options.Select(option => option.Form)]), options.Min(option => option.Least), options.Max(option => option.Most));
        }

        List<Node> parts = node is Sequence sequence ? [.. sequence.Parts] : [node];
        bool startsAnywhere = !anchored, endsAnywhere = !anchored;
        while (parts is [AnchorNode { Kind: Anchor.Start }, ..])
        {
            parts.RemoveAt(0);
            startsAnywhere = false;
        }

        while (parts is [.., AnchorNode { Kind: Anchor.End }])
        {
            parts.RemoveAt(parts.Count - 1);
            endsAnywhere = false;
        }

        var whole = new Sequence(parts);
        Form anything = Form.Repeat(spell(CharacterSet.All), 0);
        Form form = FormOf(whole);
        if (startsAnywhere) form = Form.Sequence(anything, form);
        if (endsAnywhere) form = Form.Sequence(form, anything);
        (long least, long most) = LengthOf(whole);
        return (form, least, startsAnywhere || endsAnywhere ? long.MaxValue : most);
    }

    private Form FormOf(Node node) => node switch
    {
        Characters characters => spell(characters.Set),
        Sequence sequence => Form.Sequence([.. sequence.Parts.Select(FormOf)]),
        Choice choice => Form.Choice([.. choice.Options.Select(FormOf)]),
        Repeat repeat => Form.Repeat(FormOf(repeat.Body), repeat.Least, repeat.Most),
        _ => throw new GrammarException($"{place}: an anchor stands inside the pattern; only its ends and those of its alternatives may have one."),
    };

    // In doubles: exact as far as it matters, and products of counts do not overflow.
    private static (long Least, long Most) LengthOf(Node node)
    {
        (double least, double most) = Measure(node);
        return (least >= long.MaxValue ? long.MaxValue : (long)least, most >= long.MaxValue ? long.MaxValue : (long)most);

        static (double Least, double Most) Measure(Node node)
        {
            switch (node)
            {
                case Sequence sequence:
                    (double Least, double Most)[] parts = [.. sequence.Parts.Select(Measure)];
                    return (parts.Sum(part => part.Least), parts.Sum(part => part.Most));
                case Choice choice:
                    (double Least, double Most)[] options = [.. choice.Options.Select(Measure)];
                    return (options.Min(option => option.Least), options.Max(option => option.Most));
                case Repeat repeat:
                    (double least, double most) = Measure(repeat.Body);
                    return (least * repeat.Least, most == 0 || repeat.Most == 0 ? 0 : repeat.Most == RepeatForm.NoLimit ? double.PositiveInfinity : most * repeat.Most);
                default:
                    return (1, 1);
            }
        }
    }

    private abstract record Node;

    private sealed record Characters(CharacterSet Set) : Node;

    private sealed record AnchorNode(Anchor Kind) : Node;

    private sealed record Sequence(IReadOnlyList<Node> Parts) : Node;

    private sealed record Choice(IReadOnlyList<Node> Options) : Node;

    private sealed record Repeat(Node Body, int Least, int Most) : Node;
}
