namespace Fathom.Evaluation.Predictions;

/// <summary>A text cut into windows that are read one by one, each after the token that begins a text.</summary>
public static class TextWindows
{
    /// <summary>The windows: the first token, then up to <paramref name="context"/> − 1 tokens of the text.</summary>
    /// <param name="text">Token ids, at least one.</param>
    /// <param name="context">Tokens of a window, at least 2.</param>
    /// <param name="firstToken">The token that begins a text.</param>
    public static IEnumerable<int[]> Of(int[] text, int context, int firstToken)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfZero(text.Length, nameof(text));
        ArgumentOutOfRangeException.ThrowIfLessThan(context, 2);
        return text.Chunk(context - 1).Select(piece => (int[])[firstToken, .. piece]);
    }

    /// <summary>How many windows there are.</summary>
    /// <param name="text">Token ids.</param>
    /// <param name="context">Tokens of a window.</param>
    public static int CountOf(int[] text, int context)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfLessThan(context, 2);
        return (text.Length + context - 2) / (context - 1);
    }
}
