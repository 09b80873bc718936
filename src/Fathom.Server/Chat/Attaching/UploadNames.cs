using System.Buffers;
using System.Text;
using Fathom.Server.Errors;

namespace Fathom.Server.Chat.Attaching;

/// <summary>Makes names that a browser sends into names for a folder of this machine, for prompts and for pages. Names may be hostile.</summary>
internal static class UploadNames
{
    private const int LongestPath = 1_024;
    private const int DeepestPath = 64;

    // File systems take 255 bytes; a number may be added.
    private const int MostBytes = 200;
    private const char Replacement = '\uFFFD';
    private static readonly SearchValues<char> Unwritable = SearchValues.Create("<>:\"|?*");

    /// <summary>The parts of a path.</summary>
    /// <exception cref="ApiException">It points out of its folder, or is too long.</exception>
    public static string[] Parts(string path)
    {
        string[] parts = path.Split('/', '\\');
        if (path.Length == 0 || parts.Any(string.IsNullOrWhiteSpace)) throw Bad("A file has no name, or a folder on its way has none; rename it.");
        if (path.Length > LongestPath || parts.Length > DeepestPath) throw Bad($"'{Clean(parts[^1])}' lies too deep, or its path has more than {LongestPath} characters; attach the folder it lies in by itself.");
        bool isDrive = path.Length > 1 && path[1] == ':' && char.IsAsciiLetter(path[0]);
        if (isDrive || parts.Any(part => part is "." or "..")) throw Bad($"'{Clean(parts[^1])}' has a name that points out of its folder, as in attacks; rename it.");
        return [.. parts.Select(Clean)];
    }

    /// <summary>A name without control characters, without marks that turn the direction of writing, and not too long.</summary>
    private static string Clean(string name)
    {
        var text = new StringBuilder();
        foreach (Rune rune in name.EnumerateRunes())
        {
            bool isTurn = rune.Value is 0x061C or 0x200E or 0x200F or (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069);
            bool isBad = isTurn || Rune.IsControl(rune) || (OperatingSystem.IsWindows() && rune.IsBmp && Unwritable.Contains((char)rune.Value));
            if (isBad) text.Append(Replacement);
            else text.Append(rune.ToString());
        }

        // Windows drops dots and blanks at the end.
        string clean = text.ToString().TrimEnd(' ', '.');
        if (clean.Length == 0) clean = Replacement.ToString();
        if (Encoding.UTF8.GetByteCount(clean) <= MostBytes) return clean;
        string ending = Path.GetExtension(clean);
        if (Encoding.UTF8.GetByteCount(ending) > MostBytes / 4) ending = string.Empty;
        string stem = clean[..^ending.Length];
        while (Encoding.UTF8.GetByteCount(stem) + Encoding.UTF8.GetByteCount(ending) + 3 > MostBytes) stem = stem[..^(char.IsLowSurrogate(stem[^1]) ? 2 : 1)];
        return $"{stem}…{ending}";
    }

    private static ApiException Bad(string message) => ApiException.BadField("x-fathom-path", message);
}
