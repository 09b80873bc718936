using System.Reflection;

namespace Fathom.Documents;

/// <summary>The prompts of <c>fathom ask</c> and of the web chat's documents: Markdown files inside the program, which users may print, change and pass back.</summary>
public static class AskTemplates
{
    /// <summary>Templates that are tasks of their own.</summary>
    public static IReadOnlyList<string> Tasks { get; } = ["summary", "contradictions", "review", "compare"];

    /// <summary>All templates.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Tasks, "question", "system", "part", "combine"];

    /// <summary>The text of a template.</summary>
    /// <param name="name">One of <see cref="All"/>.</param>
    /// <exception cref="ArgumentException">There is no such template.</exception>
    public static string Read(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"Fathom.Documents.Asking.Templates.{name}.md") ?? throw new ArgumentException($"There is no template {name}; there are {string.Join(", ", All)}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>A template with its gaps filled; a text that it has no gap for goes to its end.</summary>
    /// <param name="template">The template's text.</param>
    /// <param name="name">The gap: <c>question</c> stands for <c>{question}</c>.</param>
    /// <param name="value">What goes there.</param>
    public static string Fill(string template, string name, string value)
    {
        ArgumentNullException.ThrowIfNull(template);
        string gap = $"{{{name}}}";
        string text = template.Contains(gap, StringComparison.Ordinal) ? template.Replace(gap, value, StringComparison.Ordinal) : $"{template.TrimEnd()}\n\n{value}";
        return text.Trim();
    }
}
