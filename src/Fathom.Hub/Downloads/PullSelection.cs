using System.IO.Enumeration;

namespace Fathom.Hub.Downloads;

/// <summary>Which files of a repository are wanted. In a pattern <c>*</c> stands for any characters, folders included, and <c>?</c> for one.</summary>
/// <param name="Include">A file must fit one of these; all do when there is none.</param>
/// <param name="Exclude">A file must fit none of these.</param>
public sealed record PullSelection(IReadOnlyList<string> Include, IReadOnlyList<string> Exclude)
{
    /// <summary>Every file.</summary>
    public static PullSelection All { get; } = new([], []);

    /// <summary>Whether a file is wanted.</summary>
    public bool Wants(string path) => (Include.Count == 0 || Include.Any(pattern => Fits(pattern, path))) && !Exclude.Any(pattern => Fits(pattern, path));

    // As in the hub's own tools a pattern that ends with a slash means all that is in the folder.
    private static bool Fits(string pattern, string path) =>
        FileSystemName.MatchesSimpleExpression(pattern.EndsWith('/') ? pattern + "*" : pattern, path, ignoreCase: false);
}
