namespace Fathom.Inference.Scheduling;

/// <summary>Where prompts of a chat are likely to part: after the instructions and tools, and before the last question.</summary>
internal static class PromptBoundaries
{
    // Nearer to the beginning or to each other than this, a place of its own is not worth a step of its own.
    private const int Least = 64;

    /// <summary>Finds them.</summary>
    /// <param name="prompt">Token ids.</param>
    /// <param name="userToken">The token that begins a user's turn; null where the vocabulary has none.</param>
    public static IReadOnlyList<int> Of(int[] prompt, int? userToken)
    {
        if (userToken is not { } user) return [];
        int first = Array.IndexOf(prompt, user), last = Array.LastIndexOf(prompt, user);
        var boundaries = new List<int>();
        if (first >= Least) boundaries.Add(first);
        if (last - Math.Max(first, 0) >= Least) boundaries.Add(last);
        return boundaries;
    }
}
