using System.Text;

namespace Fathom.Hub;

/// <summary>Which paths of a repository may become files.</summary>
internal static class RepositoryPath
{
    private const int MostCharacters = 1_000;
    private const int MostPartBytes = 255;

    private static readonly string[] Devices = ["CON", "PRN", "AUX", "NUL", .. Enumerable.Range(0, 10).SelectMany(number => (string[])[$"COM{number}", $"LPT{number}"])];

    /// <summary>Whether a path names something inside the folder that it is put into. What does not is hostile.</summary>
    public static bool IsInside(string path) =>
        path.Length is > 0 and <= MostCharacters && !path.Any(c => char.IsControl(c) || c is '\\')
        && path.Split('/').All(part => part.Length > 0 && part is not ("." or ".."));

    /// <summary>Why a system cannot have such a file; null when it can. The path is inside.</summary>
    public static string? Objection(string path, bool isWindows)
    {
        foreach (string part in path.Split('/'))
        {
            if (Encoding.UTF8.GetByteCount(part) > MostPartBytes) return "the name is too long";
            if (!isWindows) continue;
            if (part.FirstOrDefault(c => c is ':' or '*' or '?' or '"' or '<' or '>' or '|') is var odd and not '\0') return $"no name may have a {odd}";
            if (part[^1] is '.' or ' ') return "no name may end with a point or a space";
            if (Devices.Contains(part.Split('.')[0].TrimEnd(' '), StringComparer.OrdinalIgnoreCase)) return $"{part} is a device";
        }

        return null;
    }

    /// <summary>Whether this system's disks usually take names that differ in case alone for one.</summary>
    public static bool IgnoresCase => OperatingSystem.IsWindows() || OperatingSystem.IsMacOS();

    /// <summary>Refuses files that a system cannot have.</summary>
    /// <exception cref="HubException">There is one.</exception>
    public static void Check(ModelName name, IEnumerable<HubFile> files, bool isWindows, bool ignoresCase)
    {
        var seen = new HashSet<string>(ignoresCase ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);
        foreach (HubFile file in files)
        {
            string? objection = seen.Add(file.Path) ? Objection(file.Path, isWindows) : "another one differs from it in case alone";
            if (objection is not null) throw new HubException(HubProblem.Store, $"This system cannot have the file '{file.Path}' of {name}: {objection}; leave it out with --exclude '{file.Path}'.");
        }
    }
}
