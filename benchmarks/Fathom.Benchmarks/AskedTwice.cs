using System.Diagnostics;
using System.Globalization;
using Fathom.Documents;
using UglyToad.PdfPig.Content;
using UglyToad.PdfPig.Core;
using UglyToad.PdfPig.Fonts.Standard14Fonts;
using UglyToad.PdfPig.Writer;

namespace Fathom.Benchmarks;

/// <summary>Two questions about the same documents in two processes with one cache folder: time to the first token of each, and their ratio.</summary>
internal static class AskedTwice
{
    private const int Pages = 500;

    public static void Run(string fathom, string model, string repository, int linesPerPage)
    {
        string folder = Directory.CreateTempSubdirectory("fathom-asked-twice-").FullName;
        try
        {
            string pdf = Path.Combine(folder, "big.pdf");
            File.WriteAllBytes(pdf, Pdf(linesPerPage));
            SourceDocument read = new DocumentReader().Read([pdf]).Documents[0];
            if (read.Pages != Pages || read.Pieces.Count != Pages * linesPerPage) throw new InvalidOperationException($"The PDF of {Pages} pages with {linesPerPage} lines came back as {read.Pages} pages and {read.Pieces.Count} lines.");
            Console.WriteLine("| documents | plan | first token, first question | first token, second question | ratio | peak memory, first | second |\n|---|---|---|---|---|---|---|");
            Measure($"PDF of {Pages} pages", pdf);
            Measure("this repository", repository);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        void Measure(string name, string attached)
        {
            string cache = Path.Combine(folder, "cache-" + Path.GetFileName(attached));
            Asked first = Ask(fathom, model, attached, cache, "What does the first clause say?");
            Asked second = Ask(fathom, model, attached, cache, "Where is the hall of clause 4711?");
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {first.Plan} | {first.FirstToken.TotalSeconds:f2} s | {second.FirstToken.TotalSeconds:f2} s | {first.FirstToken / second.FirstToken:f1} | {first.PeakBytes >> 20:n0} MiB | {second.PeakBytes >> 20:n0} MiB |"));
        }
    }

    private static Asked Ask(string fathom, string model, string attached, string cache, string question)
    {
        string[] arguments = ["ask", "--attach", attached, "--cache-folder", cache, "--one-prompt", "--plain", "true", "--think", "none", "--max-tokens", "16", "--temperature", "0", .. model.Length > 0 ? (string[])["--model", model] : [], question];
        var start = new ProcessStartInfo(fathom, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        var time = Stopwatch.StartNew();
        using Process process = Process.Start(start)!;
        Task<string> told = process.StandardError.ReadToEndAsync();
        char[] one = new char[1];
        process.StandardOutput.ReadBlock(one);
        TimeSpan firstToken = time.Elapsed;
        long peak = 0;
        Task<string> rest = process.StandardOutput.ReadToEndAsync();
        while (!process.WaitForExit(20))
        {
            process.Refresh();
            peak = Math.Max(peak, process.HasExited ? 0 : process.PeakWorkingSet64);
        }

        if (process.ExitCode != 0) throw new InvalidOperationException(told.Result);
        _ = rest.Result;
        Console.Error.WriteLine(told.Result);
        return new Asked(firstToken, peak, told.Result.Split('\n').FirstOrDefault(line => line.Contains("tokens", StringComparison.Ordinal)) ?? string.Empty);
    }

    private static byte[] Pdf(int linesPerPage)
    {
        using var builder = new PdfDocumentBuilder();
        PdfDocumentBuilder.AddedFont font = builder.AddStandard14Font(Standard14Font.Helvetica);
        for (int page = 1; page <= Pages; page++)
        {
            PdfPageBuilder target = builder.AddPage(PageSize.A4);
            for (int line = 1; line <= linesPerPage; line++) target.AddText($"Clause {((page - 1) * linesPerPage) + line} of the contract is about the garden in hall {line}.", 10, new PdfPoint(50, 800 - (16 * line)), font);
        }

        return builder.Build();
    }

    private sealed record Asked(TimeSpan FirstToken, long PeakBytes, string Plan);
}
