using Fathom.Documents;
using Fathom.Evaluation.Documents;
using Fathom.Inference;

namespace Fathom.Evaluation.Tests;

/// <summary>Documents as files of every kind: Minnow's answers, and the places that Fathom finds for them. With FATHOM_LONG_TESTS=1 there are 100 questions for each format about documents of 4,096 tokens.</summary>
public sealed class DocumentTests
{
    [Fact]
    public async Task Answers_are_right_and_their_sources_are_where_the_facts_were_written()
    {
        using FathomModel model = FathomModel.Open(Repository.PathOf("models", "builtin"));
        var results = new List<DocumentResult>();
        foreach (FileFormat format in Enum.GetValues<FileFormat>()) results.AddRange(await AskAsync(model, format, 1_024, 3));
        Assert.Equal(15, results.Count);
        Assert.True(results.Count(result => result is { IsAnswerRight: true, IsSourceRight: true }) >= 13, DocumentReport.Answers(results));
    }

    // The aim is 95 of 100. What is asserted is what docs/documents.md shows for two series less one: the misses are wrong answers of Minnow, which finds 96 % of the details at this length.
    [Theory]
    [InlineData(FileFormat.Pdf)]
    [InlineData(FileFormat.Docx)]
    [InlineData(FileFormat.Html)]
    [InlineData(FileFormat.Markdown)]
    [InlineData(FileFormat.Zip)]
    public async Task A_hundred_answers_and_sources_are_right_as_the_table_says(FileFormat format)
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("FATHOM_LONG_TESTS") == "1", "Takes minutes; set FATHOM_LONG_TESTS=1.");
        using FathomModel model = FathomModel.Open(Repository.PathOf("models", "builtin"));
        List<DocumentResult> results = await AskAsync(model, format, 4_096, 100);
        Assert.Equal(100, results.Count);
        Assert.True(results.Count(result => result is { IsAnswerRight: true, IsSourceRight: true }) >= 92, DocumentReport.Answers(results));
    }

    private static async Task<List<DocumentResult>> AskAsync(FathomModel model, FileFormat format, int length, int questions)
    {
        var results = new List<DocumentResult>();
        await foreach (DocumentResult result in DocumentTest.RunAsync(model, format, length, questions, null, new PromptOptions { IsPlain = true }, cancellation: TestContext.Current.CancellationToken)) results.Add(result);
        TestContext.Current.TestOutputHelper?.WriteLine(DocumentReport.Table(results));
        Assert.All(results, result => Assert.InRange(result.Tokens, length * 3 / 4, length + 64));
        return results;
    }

    [Fact]
    public void The_report_counts_answers_and_sources_apart()
    {
        DocumentResult right = new(FileFormat.Pdf, 10, "q", "Blue.", "Blue.", "a.pdf, page 1, line 2", "a.pdf, page 1, line 2", true);
        string table = DocumentReport.Table([right, right with { Answer = "Red.", IsSourceRight = false }, right with { Format = FileFormat.Zip, Place = null, Source = null }]);
        Assert.Contains("| Pdf | 2 | 0 | 50.0 % | 50.0 % | 50.0 % |", table, StringComparison.Ordinal);
        Assert.Contains("| Zip | 1 | 1 | 100.0 % | 100.0 % | 100.0 % |", table, StringComparison.Ordinal);
    }
}
