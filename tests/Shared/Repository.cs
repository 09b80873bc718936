namespace Fathom.Tests;

/// <summary>Finds files of the repository from a running test.</summary>
internal static class Repository
{
    /// <summary>The folder that holds Fathom.slnx.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>A path under tests/golden.</summary>
    public static string Golden(params string[] parts) => Path.Combine([Root, "tests", "golden", .. parts]);

    /// <summary>A path under the repository.</summary>
    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string FindRoot()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Fathom.slnx"))) return folder;
        }

        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds Fathom.slnx; run the tests from inside the repository.");
    }
}
