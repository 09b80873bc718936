using System.Text;

namespace Fathom.Benchmarks;

/// <summary>Finds the repository, and a megabyte of real text in it.</summary>
internal static class RepositoryFiles
{
    public static string PathOf(params string[] parts) => Path.Combine([Root(), .. parts]);

    /// <summary>Sources, documents and golden texts, one after the other, up to a number of characters.</summary>
    public static string Text(int characters)
    {
        var text = new StringBuilder();
        string[] folders = ["src", "tests", "benchmarks", "docs"];
        foreach (string file in folders.Select(folder => PathOf(folder)).Where(Directory.Exists).SelectMany(folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)).Where(IsText).Order(StringComparer.Ordinal))
        {
            text.Append(File.ReadAllText(file));
            if (text.Length >= characters) break;
        }

        return text.ToString(0, Math.Min(characters, text.Length));
    }

    private static bool IsText(string path) => Path.GetExtension(path) is ".cs" or ".md" or ".json" && !path.Contains("tokenizer.json", StringComparison.Ordinal);

    private static string Root()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Fathom.slnx"))) return folder;
        }

        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds Fathom.slnx; run the benchmarks from inside the repository.");
    }
}
