using System.Diagnostics.CodeAnalysis;

namespace Fathom.Hub;

/// <summary>A repository of a hub and a revision of it: <c>owner/name</c> or <c>owner/name@revision</c>.</summary>
/// <param name="Owner">Who publishes it.</param>
/// <param name="Name">The repository's name.</param>
/// <param name="Revision">A branch, tag or commit.</param>
public sealed record ModelName(string Owner, string Name, string Revision)
{
    /// <summary>The revision that is meant when none is named.</summary>
    public const string DefaultRevision = "main";

    private const int MostCharacters = 96;

    /// <summary><c>owner/name</c>.</summary>
    public string Repository => $"{Owner}/{Name}";

    /// <summary>Reads a name.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static ModelName Parse(string text) => TryParse(text, out ModelName? name)
        ? name
        : throw new ArgumentException($"'{text}' does not name a repository; write owner/name or owner/name@revision, such as deepseek-ai/DeepSeek-V4-Flash.");

    /// <summary>Reads a name; false when the text has another form.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ModelName? name)
    {
        name = null;
        if (text is null) return false;
        int at = text.IndexOf('@', StringComparison.Ordinal);
        string revision = at < 0 ? DefaultRevision : text[(at + 1)..];
        string[] parts = (at < 0 ? text : text[..at]).Split('/');
        if (parts.Length != 2 || !IsPart(parts[0]) || !IsPart(parts[1]) || !IsRevision(revision)) return false;
        name = new ModelName(parts[0], parts[1], revision);
        return true;
    }

    /// <summary><c>owner/name</c>, and the revision unless it is the default.</summary>
    public override string ToString() => Revision == DefaultRevision ? Repository : $"{Repository}@{Revision}";

    // Names become folders, so nothing may climb out of one.
    private static bool IsPart(string part) =>
        part.Length is > 0 and <= MostCharacters && part[0] is not ('.' or '-') && part[^1] is not ('.' or '-')
        && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && !part.Contains("..", StringComparison.Ordinal);

    private static bool IsRevision(string revision) =>
        revision.Length is > 0 and <= 200 && revision.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/')
        && revision.Split('/').All(part => part.Length > 0 && part.Any(c => c != '.'));
}
