using System.Text;

namespace Fathom.Cli.Output;

/// <summary>Makes text of a model safe to show: its control characters could command the terminal.</summary>
internal static class TerminalText
{
    /// <summary>The text with control characters other than tab and line feed shown as U+FFFD.</summary>
    public static string Clean(string text)
    {
        if (!text.Any(IsUnsafe)) return text;
        var clean = new StringBuilder(text.Length);
        foreach (char c in text) clean.Append(IsUnsafe(c) ? '\uFFFD' : c);
        return clean.ToString();
    }

    private static bool IsUnsafe(char c) => char.IsControl(c) && c is not ('\n' or '\t');
}
