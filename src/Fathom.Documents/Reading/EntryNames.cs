namespace Fathom.Documents.Reading;

/// <summary>Judges the names of files. Nothing is ever written to disk, but some names are signs of an attack, and would mislead in citations or forge headers of a prompt.</summary>
internal static class EntryNames
{
    private const int Longest = 1_024;

    /// <summary>Why a name is not acceptable, or null.</summary>
    public static string? Problem(string name)
    {
        if (name.Length > Longest) return "has a name of more than 1,024 characters; rename it and pack the archive again.";
        if (name.StartsWith('/') || name.StartsWith('\\') || (name.Length > 1 && name[1] == ':' && char.IsAsciiLetter(name[0])) || name.Split('/', '\\').Contains(".."))
        {
            return "has a name that points out of the archive, as in attacks; do not trust it, or rename it and pack the archive again.";
        }

        return name.Any(char.IsControl) ? "has control characters in its name, as in attacks; rename it and pack the archive again." : null;
    }

    /// <summary>Why a file or folder of this name cannot be found although it was listed; null when the name has nothing to do with it.</summary>
    public static string? WhyNotFound(string name, Exception exception) => exception is FileNotFoundException or DirectoryNotFoundException && name.Contains('\uFFFD')
        ? "has a name that is no UTF-8 text, so that it cannot be opened; rename it." : null;

    /// <summary>A name without control characters.</summary>
    public static string Clean(string name) => string.Concat(name.Select(c => char.IsControl(c) ? '?' : c));

    /// <summary>A name that is safe to show, and short.</summary>
    public static string Shown(string name) => name.Length > 120 ? Clean(name[..120]) + "…" : Clean(name);
}
