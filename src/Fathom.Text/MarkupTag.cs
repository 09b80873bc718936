namespace Fathom.Text;

/// <summary>One tag of the tool-call markup, such as <c>&lt;｜DSML｜invoke name="x"&gt;</c>.</summary>
internal readonly ref struct MarkupTag
{
    // Names of tools and parameters are short; what goes on for longer is not a tag.
    private const int LongestTag = 4096;

    private readonly ReadOnlySpan<char> attributes;

    private MarkupTag(string name, bool isClosing, ReadOnlySpan<char> attributes, int end)
    {
        Name = name;
        IsClosing = isClosing;
        this.attributes = attributes;
        End = end;
    }

    public enum Outcome
    {
        Tag,
        NoTag,
        Incomplete,
    }

    public string Name { get; }

    public bool IsClosing { get; }

    /// <summary>Where the text after the tag begins.</summary>
    public int End { get; }

    /// <summary>Reads the tag at a <c>&lt;</c>.</summary>
    public static Outcome TryRead(string text, int start, out MarkupTag tag)
    {
        tag = default;
        int i = start + 1;
        bool isClosing = i < text.Length && text[i] == '/';
        if (isClosing) i++;

        ReadOnlySpan<char> rest = text.AsSpan(i);
        if (!rest.StartsWith(Markup.Dsml))
            return Markup.Dsml.AsSpan().StartsWith(rest) ? Outcome.Incomplete : Outcome.NoTag;

        i = SkipWhite(text, i + Markup.Dsml.Length);
        int nameStart = i;
        while (i < text.Length && (char.IsAsciiLetter(text[i]) || text[i] == '_')) i++;
        string name = text[nameStart..i];

        int attributesStart = i;
        char quote = '\0';
        for (; i < text.Length; i++)
        {
            if (i - start > LongestTag) return Outcome.NoTag;
            char c = text[i];
            if (quote != '\0')
            {
                if (c == quote) quote = '\0';
            }
            else if (c is '"' or '\'')
            {
                quote = c;
            }
            else if (c == '>')
            {
                tag = new MarkupTag(name, isClosing, text.AsSpan(attributesStart, i - attributesStart), i + 1);
                return Outcome.Tag;
            }
        }

        return Outcome.Incomplete;
    }

    /// <summary>The value of an attribute, in double or single quotes; null when it is not there.</summary>
    public string? Attribute(string name)
    {
        ReadOnlySpan<char> rest = attributes;
        while (true)
        {
            rest = rest.TrimStart();
            int equals = rest.IndexOf('=');
            if (equals < 0) return null;
            ReadOnlySpan<char> key = rest[..equals].Trim();
            rest = rest[(equals + 1)..].TrimStart();
            if (rest.IsEmpty || rest[0] is not ('"' or '\'')) return null;
            int close = rest[1..].IndexOf(rest[0]);
            if (close < 0) return null;
            if (key.SequenceEqual(name)) return rest.Slice(1, close).ToString();
            rest = rest[(close + 2)..];
        }
    }

    private static int SkipWhite(string text, int i)
    {
        while (i < text.Length && char.IsWhiteSpace(text[i])) i++;
        return i;
    }
}
