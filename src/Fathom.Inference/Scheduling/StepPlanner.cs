namespace Fathom.Inference.Scheduling;

/// <summary>
/// Chooses the rows of the next step: one of every answer that is being written, then pieces of prompts, the one that waited longest first.
/// It moves integers only and never sees a number of the model.
/// </summary>
internal static class StepPlanner
{
    // A shorter piece ends at an even length at least, where that costs it little.
    private const int Alignment = 128;

    /// <summary>Rows of one answer in a step.</summary>
    /// <param name="Generation">The answer.</param>
    /// <param name="Rows">How many.</param>
    public readonly record struct Part(Generation Generation, int Rows);

    /// <summary>Chooses.</summary>
    /// <param name="running">Answers in the making, those that waited longest first.</param>
    /// <param name="maxRows">Rows that a step can hold.</param>
    /// <param name="interleavedRows">Rows of prompts at most while answers are being written.</param>
    /// <param name="spacing">Pieces of prompts end at multiples of this, where sessions are kept; null when none are, and pieces are as long as they can be.</param>
    public static List<Part> Plan(IReadOnlyList<Generation> running, int maxRows, int interleavedRows, int? spacing)
    {
        var parts = new List<Part>();
        foreach (Generation generation in running)
        {
            if (!generation.IsPrefilling && !generation.IsWaitingForReader && parts.Count < maxRows) parts.Add(new Part(generation, 1));
        }

        int left = parts.Count > 0 ? Math.Min(interleavedRows, maxRows - parts.Count) : maxRows;
        foreach (Generation generation in running)
        {
            if (!generation.IsPrefilling || left <= 0) continue;
            int rows = Rows(generation.Session.Length, generation.Prompt, left, spacing);
            parts.Add(new Part(generation, rows));
            left -= rows;
        }

        return parts;
    }

    // Up to the next place where the session is kept, or to an even length before it.
    private static int Rows(int done, GenerationPrompt prompt, int most, int? spacing)
    {
        int end = spacing is { } distance ? Math.Min(prompt.Tokens.Length, ((done / distance) + 1) * distance) : prompt.Tokens.Length;
        foreach (int boundary in spacing is null ? [] : prompt.Boundaries)
        {
            if (boundary > done && boundary < end) end = boundary;
        }

        if (end - done <= most) return end - done;
        int even = (done + most) / Alignment * Alignment;
        return (even - done) * 4L >= most * 3L ? even - done : most;
    }
}
