namespace Fathom.Documents.Reading;

/// <summary>Judges the names of archive entries. Nothing is ever written to disk, but such names are signs of an attack and would mislead in citations.</summary>
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

    /// <summary>A name that is safe to show.</summary>
    public static string Shown(string name)
    {
        string text = string.Concat(name.Take(120).Select(c => char.IsControl(c) ? '?' : c));
        return name.Length > 120 ? text + "…" : text;
    }
}
