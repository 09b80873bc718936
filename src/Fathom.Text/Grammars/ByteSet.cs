namespace Fathom.Text.Grammars;

/// <summary>A set of bytes.</summary>
internal readonly record struct ByteSet
{
    private readonly ulong a, b, c, d;

    private ByteSet(ulong a, ulong b, ulong c, ulong d) => (this.a, this.b, this.c, this.d) = (a, b, c, d);

    public bool IsEmpty => (a | b | c | d) == 0;

    public static ByteSet Range(int first, int last)
    {
        Span<ulong> words = stackalloc ulong[4];
        for (int value = first; value <= last; value++) words[value >> 6] |= 1ul << value;
        return new ByteSet(words[0], words[1], words[2], words[3]);
    }

    public bool Contains(int value) => ((value >> 6) switch { 0 => a, 1 => b, 2 => c, _ => d } >> value & 1) != 0;

    public ByteSet Union(ByteSet other) => new(a | other.a, b | other.b, c | other.c, d | other.d);
}
