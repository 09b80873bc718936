using System.Text.RegularExpressions;

namespace Fathom.Server.Tests;

/// <summary>What scripted models say.</summary>
internal static partial class Scripts
{
    /// <summary>A call of a tool in V4's markup.</summary>
    public static string Call(params (string Name, (string Key, string Value, bool IsText)[] Arguments)[] calls) =>
        "\n\n<｜DSML｜tool_calls>\n" + string.Concat(calls.Select(call =>
            $"<｜DSML｜invoke name=\"{call.Name}\">\n{string.Join('\n', call.Arguments.Select(argument => $"<｜DSML｜parameter name=\"{argument.Key}\" string=\"{(argument.IsText ? "true" : "false")}\">{argument.Value}</｜DSML｜parameter>"))}\n</｜DSML｜invoke>\n")) + "</｜DSML｜tool_calls>";

    /// <summary>Answers the usual questions of client tests.</summary>
    public static string Client(string prompt)
    {
        string last = prompt[(prompt.LastIndexOf("<｜User｜>", StringComparison.Ordinal) + 8)..];
        bool thinks = prompt.EndsWith("<think>", StringComparison.Ordinal);
        string thought = thinks ? "I think about it.</think>" : string.Empty;
        if (last.Contains("<tool_result>", StringComparison.Ordinal)) return thought + $"It says {string.Join(" and ", Result().Matches(last).Select(match => match.Groups[1].Value))}.";
        if (last.Contains("two cities", StringComparison.Ordinal)) return thought + "I look." + Call(("get_weather", [("city", "Paris", true)]), ("get_weather", [("city", "Rome", true), ("days", "2", false)]));
        if (last.Contains("weather", StringComparison.Ordinal)) return thought + Call(("get_weather", [("city", "Paris", true)]));
        if (last.Contains("person", StringComparison.Ordinal)) return thought + "{\"name\": \"Ana\", \"age\": 30}";
        if (last.Contains("count", StringComparison.Ordinal)) return thought + string.Join(' ', Enumerable.Range(1, 400));
        return thought + "Hello there, friend.";
    }

    [GeneratedRegex("<tool_result>(.*?)</tool_result>", RegexOptions.Singleline)]
    private static partial Regex Result();
}
