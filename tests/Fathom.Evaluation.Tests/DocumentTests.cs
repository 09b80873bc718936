using Fathom.Documents;
using Fathom.Evaluation.Documents;
using Fathom.Inference;

namespace Fathom.Evaluation.Tests;

/// <summary>Documents of 4,096 tokens as files of every kind: Minnow's answers, and the places that Fathom finds for them. With FATHOM_LONG_TESTS=1 there are 100 questions for each format.</summary>
public sealed class DocumentTests
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("FATHOM_LONG_TESTS") == "1";

    [Theory]
    [InlineData(FileFormat.Pdf)]
    [InlineData(FileFormat.Docx)]
    [InlineData(FileFormat.Html)]
    [InlineData(FileFormat.Markdown)]
    [InlineData(FileFormat.Zip)]
    public async Task Answers_are_right_and_their_sources_are_where_the_facts_were_written(FileFormat format)
    {
        using FathomModel model = FathomModel.Open(Repository.PathOf("models", "builtin"));
        int questions = IsLong ? 100 : 4;
        var results = new List<DocumentResult>();
        await foreach (DocumentResult result in DocumentTest.RunAsync(model, format, 4_096, questions, null, new PromptOptions { IsPlain = true }, TestContext.Current.CancellationToken)) results.Add(result);
        TestContext.Current.TestOutputHelper?.WriteLine(DocumentReport.Table(results));
        Assert.Equal(questions, results.Count);
        Assert.All(results, result => Assert.InRange(result.Tokens, 3_686, 4_160));
        Assert.True(results.Count(result => result is { IsAnswerRight: true, IsSourceRight: true }) >= (IsLong ? 93 : 2), DocumentReport.Answers(results));
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
