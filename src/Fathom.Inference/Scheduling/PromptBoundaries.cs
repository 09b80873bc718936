using Fathom.Text;

namespace Fathom.Inference.Scheduling;

/// <summary>Where prompts of a chat are likely to part: after the instructions and tools, before the last question, and inside it where a long text ends that the question stands below.</summary>
internal static class PromptBoundaries
{
    // Nearer to the beginning or to each other than this, a place of its own is not worth a step of its own.
    private const int Least = 64;

    // Nor is the end of a shorter text, which is soon read again.
    private const int LeastText = 512;

    /// <summary>Finds them.</summary>
    /// <param name="prompt">Token ids.</param>
    /// <param name="userToken">The token that begins a user's turn; null where the vocabulary has none.</param>
    /// <param name="tokenizer">Says which tokens hold line breaks.</param>
    public static IReadOnlyList<int> Of(int[] prompt, int? userToken, Tokenizer tokenizer)
    {
        if (userToken is not { } user) return [];
        int first = Array.IndexOf(prompt, user), last = Array.LastIndexOf(prompt, user);
        var boundaries = new List<int>();
        if (first >= Least) boundaries.Add(first);
        if (last - Math.Max(first, 0) >= Least) boundaries.Add(last);
        if (last >= 0 && EndOfText(prompt, last, tokenizer) is var end && end - last >= LeastText) boundaries.Add(end);
        return boundaries;
    }

    // Documents stand above their question: behind the last line break the next question goes on.
    private static int EndOfText(int[] prompt, int turn, Tokenizer tokenizer)
    {
        int end = prompt.Length;
        while (end > turn && tokenizer.BytesOf(prompt[end - 1]).IndexOf((byte)'\n') < 0) end--;
        return end;
    }
}
