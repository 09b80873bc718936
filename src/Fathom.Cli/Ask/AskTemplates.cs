using System.Reflection;

namespace Fathom.Cli.Ask;

/// <summary>The prompts of <c>fathom ask</c>: Markdown files inside the program, which users may print, change and pass back.</summary>
internal static class AskTemplates
{
    /// <summary>Templates that are tasks of their own.</summary>
    public static readonly string[] Tasks = ["summary", "contradictions", "review", "compare"];

    /// <summary>All templates.</summary>
    public static readonly string[] All = [.. Tasks, "question", "system", "part", "combine"];

    /// <summary>The text of a template.</summary>
    public static string Read(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"Fathom.Cli.Ask.Templates.{name}.md") ?? throw new ArgumentException($"There is no template {name}; there are {string.Join(", ", All)}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>A template with its gaps filled; a text that it has no gap for goes to its end.</summary>
    public static string Fill(string template, string name, string value)
    {
        string gap = $"{{{name}}}";
        string text = template.Contains(gap, StringComparison.Ordinal) ? template.Replace(gap, value, StringComparison.Ordinal) : $"{template.TrimEnd()}\n\n{value}";
        return text.Trim();
    }
}
