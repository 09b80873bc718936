namespace Fathom.Checkpoints.Conversion;

/// <summary>The files that are called like a GGUF file: itself, <c>NAME.gguf</c>, and the parts of a split one, <c>NAME-00001-of-0000N.gguf</c>.</summary>
internal static class GgufFamily
{
    private const string Extension = ".gguf", Middle = "-of-";
    private const int Digits = 5;

    /// <summary>The files that there are.</summary>
    /// <param name="path">The file's own name.</param>
    /// <param name="ending">What their names have after that, such as <c>.partial</c>.</param>
    public static IEnumerable<string> Find(string path, string ending = "")
    {
        string folder = Path.GetDirectoryName(path)!, stem = Path.GetFileNameWithoutExtension(path);
        if (!Directory.Exists(folder)) return [];
        return Directory.EnumerateFiles(folder).Where(file => IsOf(Path.GetFileName(file), stem, ending)).Order(StringComparer.Ordinal);
    }

    private static bool IsOf(string name, string stem, string ending)
    {
        if (!name.StartsWith(stem, StringComparison.Ordinal) || !name.EndsWith(Extension + ending, StringComparison.OrdinalIgnoreCase)) return false;
        ReadOnlySpan<char> part = name.AsSpan(stem.Length..^(Extension.Length + ending.Length));
        if (part.IsEmpty) return true;
        return part.Length == 1 + (2 * Digits) + Middle.Length && part[0] == '-' && part.Slice(1 + Digits, Middle.Length).SequenceEqual(Middle)
            && !part.Slice(1, Digits).ContainsAnyExceptInRange('0', '9') && !part[^Digits..].ContainsAnyExceptInRange('0', '9');
    }
}
