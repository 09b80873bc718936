using System.Text.RegularExpressions;
using Fathom.Text;

namespace Fathom.Server.Requests;

/// <summary>
/// Lines that clients put at the head of their instructions and that change with every request, so that nothing behind them could come from the cache
/// (interface specification, section 5.1). Billing lines and ids are left out; dates go behind the instructions, times of the day to the last question.
/// </summary>
internal static partial class VolatileLines
{
    // Further down, a line belongs to the instructions.
    private const int Looked = 12;

    // A longer line is text; on one of blanks the expressions would try for minutes.
    private const int LongestLine = 400;

    /// <summary>Moves them.</summary>
    /// <param name="messages">The conversation.</param>
    /// <returns>The conversation to encode, and how many lines were left out or moved.</returns>
    public static (IReadOnlyList<ChatMessage> Messages, int Lines) Move(IReadOnlyList<ChatMessage> messages)
    {
        if (messages.Count == 0 || messages[0].Role != "system" || messages[0].Content is not { Length: > 0 } text) return (messages, 0);
        string[] lines = text.Split('\n');
        var kept = new List<string>(lines.Length);
        List<string> dates = [], times = [];
        int found = 0;
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i];
            if (i >= Looked || line.Length > LongestLine || !Volatile().IsMatch(line))
            {
                kept.Add(line);
                continue;
            }

            found++;
            if (TimeOfDay().IsMatch(line)) times.Add(line.Trim());
            else if (Date().IsMatch(line)) dates.Add(line.Trim());
        }

        if (found == 0) return (messages, 0);
        List<ChatMessage> moved = [messages[0] with { Content = string.Join('\n', kept).TrimStart('\n') }, .. messages.Skip(1)];
        if (dates.Count > 0) Insert(moved, moved.FindIndex(message => message.Role == "user"), dates);
        if (times.Count > 0) Insert(moved, moved.FindLastIndex(message => message.Role == "user"), times);
        return (moved, found);
    }

    // V4 has a place for what is true just now: a reminder before a question.
    private static void Insert(List<ChatMessage> messages, int before, List<string> lines) =>
        messages.Insert(before < 0 ? messages.Count : before, ChatMessage.Of("latest_reminder", string.Join('\n', lines)));

    [GeneratedRegex(@"^\s*(x-[a-z-]*(billing|session|request|trace)[a-z-]*\s*:|(session|request|trace|conversation|correlation)[ _-]?(id|uuid)\s*[:=]|(the )?(current|today'?s?|local)\s*(date|time|datetime|date and time)?( is)?\s*[:=]?\s*\S*\d|(date|time|timestamp|now)\s*[:=]\s*\S*\d)", RegexOptions.IgnoreCase)]
    private static partial Regex Volatile();

    [GeneratedRegex(@"\d{1,2}:\d{2}")]
    private static partial Regex TimeOfDay();

    [GeneratedRegex(@"(date|today|current|\d{4}-\d{2}-\d{2})", RegexOptions.IgnoreCase)]
    private static partial Regex Date();
}
