using System.Globalization;

namespace Fathom.Text;

/// <summary>The text for reasoning effort at the start of a prompt in thinking mode (chat specification, sections 2.6 and 6).</summary>
internal static class ReasoningEfforts
{
    private const string Absolute =
        "Reasoning Effort: Absolute maximum with no shortcuts permitted.\n"
        + "You MUST be very thorough in your thinking and comprehensively decompose the problem to resolve the root cause, rigorously stress-testing your logic against all potential paths, edge cases, and adversarial scenarios.\n"
        + "Explicitly write out your entire deliberation process, documenting every intermediate step, considered alternative, and rejected hypothesis to ensure absolutely no assumption is left unchecked.\n\n";

    private const string Beyond =
        "Reasoning Effort: Beyond maximum \u2014 exhaustive, relentless, and uncompromising.\n"
        + "You MUST reason with the utmost depth and rigor, leaving absolutely nothing to chance: exhaustively decompose the problem into its most fundamental components, trace every causal chain to its root, and resolve the underlying cause rather than any surface symptom.\n"
        + "Do not stop reasoning until you have independently verified the solution from multiple angles and are certain that no assumption remains unchecked and no error remains undiscovered.\n\n";

    /// <summary>The text of an effort.</summary>
    /// <exception cref="ChatFormatException">The format does not know the effort.</exception>
    public static string TextOf(ChatFormat format, string? effort) => (format, effort) switch
    {
        (ChatFormat.V41, _) => $"Reasoning Effort: {Number(effort)} (range 1-100, the higher the value, the more thorough the reasoning)\n\n",
        (_, null) => string.Empty,
        (ChatFormat.Release, "low") => string.Empty,
        (ChatFormat.Release, "high") => Absolute,
        (ChatFormat.Release, "max") => Beyond,
        (ChatFormat.Preview, "high") => string.Empty,
        (ChatFormat.Preview, "max") => Absolute,
        _ => throw new ChatFormatException($"Unknown reasoning effort '{effort}'; this checkpoint's format knows {(format == ChatFormat.Preview ? "high and max" : "low, high and max")}."),
    };

    private static int Number(string? effort) => effort switch
    {
        "low" => 25,
        null or "high" => 50,
        "xhigh" => 75,
        "max" => 100,
        _ when int.TryParse(effort, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value is >= 1 and <= 100 => value,
        _ => throw new ChatFormatException($"Unknown reasoning effort '{effort}'; this checkpoint's format knows low, high, xhigh, max and whole numbers from 1 to 100."),
    };
}
