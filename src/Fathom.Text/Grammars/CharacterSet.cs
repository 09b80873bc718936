namespace Fathom.Text.Grammars;

/// <summary>A set of characters: Unicode scalar values, so surrogates are in none. Ranges are sorted and apart.</summary>
internal sealed class CharacterSet
{
    private const int Last = 0x10FFFF;

    private CharacterSet(List<(int First, int Last)> ranges) => Ranges = ranges;

    public static CharacterSet None { get; } = new([]);

    public static CharacterSet All { get; } = Of((0, Last));

    public IReadOnlyList<(int First, int Last)> Ranges { get; }

    public bool IsEmpty => Ranges.Count == 0;

    /// <summary>The set of some ranges, in any order; surrogates fall out.</summary>
    public static CharacterSet Of(params IEnumerable<(int First, int Last)> ranges)
    {
        var sorted = new List<(int First, int Last)>();
        foreach ((int first, int last) in ranges)
        {
            if (first <= Math.Min(last, 0xD7FF)) sorted.Add((first, Math.Min(last, 0xD7FF)));
            if (Math.Max(first, 0xE000) <= last) sorted.Add((Math.Max(first, 0xE000), Math.Min(last, Last)));
        }

        sorted.Sort();
        var joined = new List<(int First, int Last)>();
        foreach ((int first, int last) in sorted)
        {
            if (joined.Count > 0 && first <= joined[^1].Last + 1) joined[^1] = (joined[^1].First, Math.Max(last, joined[^1].Last));
            else joined.Add((first, last));
        }

        return new CharacterSet(joined);
    }

    public static CharacterSet Of(int character) => Of((character, character));

    public static CharacterSet Of(string characters) => Of(characters.EnumerateRunes().Select(rune => (rune.Value, rune.Value)));

    public bool Contains(int character)
    {
        foreach ((int first, int last) in Ranges)
        {
            if (character <= last) return character >= first;
        }

        return false;
    }

    public CharacterSet Union(CharacterSet other) => Of(Ranges.Concat(other.Ranges));

    public CharacterSet Complement()
    {
        var gaps = new List<(int, int)>();
        int next = 0;
        foreach ((int first, int last) in Ranges)
        {
            if (first > next) gaps.Add((next, first - 1));
            next = last + 1;
        }

        if (next <= Last) gaps.Add((next, Last));
        return Of(gaps);
    }

    public CharacterSet Minus(CharacterSet other) => Complement().Union(other).Complement();

    public CharacterSet Intersect(CharacterSet other) => Complement().Union(other.Complement()).Complement();
}
