using System.Globalization;
using Fathom.Cli.Output;
using Fathom.Documents;

namespace Fathom.Cli.Ask;

/// <summary>Reads the attached documents and tells the user what was read, what was not, and how it fits.</summary>
internal static class AskedDocuments
{
    private const int MostLines = 20;

    /// <summary>Reads files and folders, with progress.</summary>
    /// <exception cref="FormatException">Nothing could be read.</exception>
    public static DocumentSet Read(IReadOnlyList<string> paths, StatusLine status, TextWriter info, CancellationToken cancellation)
    {
        DocumentSet set = new DocumentReader().Read(paths, new Progress(status), cancellation);
        status.Clear();
        SkippedFile[] problems = [.. set.Problems];
        foreach (SkippedFile problem in problems.Take(MostLines)) info.WriteLine($"fathom: {TerminalText.Clean(problem.ToString())}");
        if (problems.Length > MostLines) info.WriteLine($"fathom: and {problems.Length - MostLines} more files were not read; --format json lists all.");
        int quiet = set.Skipped.Count - problems.Length;
        if (quiet > 0) info.WriteLine($"fathom: {quiet} ignored, foreign, binary or empty files and folders were left out; --format json lists them.");
        if (set.Documents.Count == 0) throw new FormatException("None of the attached files holds text that can be read; see the messages above.");
        return set;
    }

    /// <summary>Shows what goes to the model.</summary>
    public static void ShowPlan(DocumentPrompt prompt, PromptPlan plan, TextWriter info)
    {
        int pages = prompt.Documents.Sum(document => document.Pages);
        string counted = string.Create(CultureInfo.InvariantCulture, $"{prompt.Documents.Count:n0} {(prompt.Documents.Count == 1 ? "document" : "documents")}{(pages > 0 ? $", {pages:n0} pages" : string.Empty)}: ");
        info.WriteLine($"fathom: {counted}{plan}");
        if (prompt.Documents.Count is > 1 and <= MostLines)
        {
            foreach (SourceDocument document in prompt.Documents) info.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {prompt.TokensOf(document),10:n0}  {TerminalText.Clean(document.Path)}"));
        }

        foreach (LeftOutDocument left in plan.LeftOut) info.WriteLine($"fathom: {TerminalText.Clean(left.Message)}");
        if (plan.Parts.Count > 1) info.WriteLine($"fathom: the documents do not fit one prompt, so they are read in {plan.Parts.Count} parts and the notes are combined; --one-prompt takes only what fits.");
    }

    private sealed class Progress(StatusLine status) : IProgress<ReadProgress>
    {
        public void Report(ReadProgress value) => status.Show(string.Create(CultureInfo.InvariantCulture, $"reading files: {value.Documents:n0} read, {value.Characters:n0} characters; {Path.GetFileName(TerminalText.Clean(value.Path))}"));
    }
}
