namespace Fathom.Text.Grammars;

/// <summary>What happens at a position of an <see cref="Automaton"/>.</summary>
internal enum PositionKind
{
    /// <summary>The rule is over: on to where it was called.</summary>
    Return,

    /// <summary>One byte of the set <c>Index</c>, then on to <c>Next</c>.</summary>
    Bytes,

    /// <summary>On to each of the positions of the fork <c>Index</c>.</summary>
    Fork,

    /// <summary>The rule <c>Index</c>, then on to <c>Next</c>.</summary>
    Call,

    /// <summary>The rule <c>Index</c> from <c>Least</c> to <c>Most</c> times, then on to <c>Next</c>. How often is counted beside the position.</summary>
    Loop,
}

/// <summary>A position of an <see cref="Automaton"/>.</summary>
internal readonly record struct Position(PositionKind Kind, int Index, int Next, int Least = 0, int Most = 0);

/// <summary>
/// An automaton with calls. No called rule is empty and none begins, directly or not, with itself: following an
/// output never has to go in circles (<see cref="StateTable"/> relies on both).
/// </summary>
internal sealed class Automaton
{
    /// <summary>The only position of kind Return.</summary>
    public const int Return = 0;

    public required Position[] Positions { get; init; }

    public required ByteSet[] Sets { get; init; }

    public required int[][] Forks { get; init; }

    /// <summary>Where each rule begins.</summary>
    public required int[] RuleStarts { get; init; }

    /// <summary>For each rule a number larger than that of every rule that begins with it.</summary>
    public required int[] RuleRanks { get; init; }

    public required int Start { get; init; }

    /// <summary>The class of each byte: bytes of one class are in the same sets.</summary>
    public required byte[] ClassOfByte { get; init; }

    /// <summary>A byte of each class.</summary>
    public required byte[] ByteOfClass { get; init; }
}
