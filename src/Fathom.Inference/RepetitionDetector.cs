namespace Fathom.Inference;

/// <summary>Notices an answer that goes round in circles: its end is one part of at most <see cref="LongestPeriod"/> tokens, over and over.</summary>
internal static class RepetitionDetector
{
    /// <summary>The longest part that is looked for.</summary>
    public const int LongestPeriod = 128;

    // A table or a list of numbers repeats itself a little; it takes this much to call it a circle.
    private const int LeastTimes = 8;
    private const int LeastTokens = 192;
    private const int LookEvery = 32;

    /// <summary>Looks at the answer so far.</summary>
    /// <returns>What repeats, or null.</returns>
    public static RepetitionDetected? Look(IReadOnlyList<int> answer)
    {
        if (answer.Count < LeastTokens || answer.Count % LookEvery != 0) return null;
        for (int period = 1; period <= LongestPeriod; period++)
        {
            int needed = Math.Max(LeastTokens, period * LeastTimes);
            if (needed > answer.Count) break;
            int same = 0;
            while (same < needed - period && answer[answer.Count - 1 - same] == answer[answer.Count - 1 - same - period]) same++;
            if (same == needed - period) return new RepetitionDetected(period, needed / period);
        }

        return null;
    }
}
