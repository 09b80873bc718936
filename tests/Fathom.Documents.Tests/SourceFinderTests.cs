using System.Text.Json;

namespace Fathom.Documents.Tests;

/// <summary>Sources that are found for answers without citations.</summary>
public sealed class SourceFinderTests
{
    private const string Lease = """
        # Lease

        The landlord is Karin Holm. The tenant is Peter Novak.
        The rent is 900 euros a month and is due on the first working day.

        ## Deposit

        It amounts to 1,800 euros. Karin Holm keeps it in an account of its own.

        ## Garden

        The tenant may use the garden and
        plants roses there. Peter Holm looks after the hedge.
        """;

    [Theory]
    [InlineData("How high is the rent?", "900 euros.", "lease.md, line 4")]
    [InlineData("Who is the landlord?", "Karin Holm.", "lease.md, line 3")]
    [InlineData("How high is the deposit?", "1,800 euros", "lease.md, line 8")]
    [InlineData("Who looks after the hedge?", "Peter Holm", "lease.md, line 13")]
    [InlineData("What may the tenant do with the garden?", "The tenant may use it and plant roses there.", "lease.md, lines 12-13")]
    public void The_line_is_named_that_has_the_words(string question, string answer, string place)
    {
        FoundSource source = Finder(("lease.md", Lease)).Find(question, answer).Sources[0];
        Assert.Equal(place, source.Found.Place.ToString());
    }

    [Theory]
    [InlineData("How high is the rent?", "850 euros.")]
    [InlineData("How high is the rent?", "The documents do not say.")]
    [InlineData("How high is the rent?", "")]
    [InlineData("How high is the rent?", "...")]
    [InlineData("Where does Xenia Quist live?", "Karin.")]
    [InlineData("", "Nothing of this stands there.")]
    public void Nothing_is_named_when_nothing_supports_the_answer(string question, string answer)
    {
        SourceReport report = Finder(("lease.md", Lease)).Find(question, answer);
        Assert.Empty(report.Sources);
        Assert.StartsWith("No passage has the words", report.ToText(), StringComparison.Ordinal);
        Assert.Equal("[]", report.ToJson());
    }

    [Fact]
    public void Every_statement_of_a_long_answer_has_its_own_sources()
    {
        SourceReport report = Finder(("lease.md", Lease), ("tools.txt", "The hedge trimmer costs 120 euros.\nThe ladder costs 80 euros.")).Find("What does it all cost?", "The rent is 900 euros a month. The ladder costs 80 euros. I like it.");
        Assert.Equal(["lease.md, line 4", "tools.txt, line 2"], report.Sources.Select(source => source.Found.Place.ToString()));
        Assert.Equal(["The rent is 900 euros a month.", "The ladder costs 80 euros."], report.Sources.Select(source => source.Statement));
    }

    [Fact]
    public void Words_are_found_over_lines_pages_and_hyphens()
    {
        DocumentSet set = new DocumentReader().Read("long.pdf", Files.Pdf(["The annual main-", "tenance of the lift costs"], ["4,200 francs, paid by the owner."], ["Other things."]));
        FoundSource source = new SourceFinder(Prompt(set.Documents)).Find("What does the maintenance of the lift cost?", "4,200 francs.").Sources[0];
        Assert.Equal("long.pdf, page 1, line 1 to page 2, line 1", source.Found.Place.ToString());
    }

    [Fact]
    public void Rows_of_tables_and_headings_count()
    {
        DocumentSet set = new DocumentReader().Read("costs.xlsx", Files.Xlsx());
        Assert.Equal("costs.xlsx, sheet 1 \"Costs\", row 1", new SourceFinder(Prompt(set.Documents)).Find("How high is the rent?", "900.5").Sources[0].Found.Place.ToString());
        FoundSource source = Finder(("guide.md", "# Berlin\n\nThe office opens at nine.\n\n# Oslo\n\nThe office opens at nine.")).Find("When does the office in Oslo open?", "At nine.").Sources[0];
        Assert.Equal("guide.md, line 7", source.Found.Place.ToString());
    }

    [Fact]
    public void The_report_is_told_apart_from_citations_in_every_form()
    {
        SourceReport report = Finder(("lease.md", Lease)).Find("How high is the rent?", "900 euros.");
        Assert.Equal("Sources found by Fathom", SourceReport.Title);
        Assert.Equal("lease.md, line 4: \"The rent is 900 euros a month and is due on the first working day.\"\n", report.ToText());
        Assert.StartsWith("- lease.md, line 4: “The rent", report.ToMarkdown(), StringComparison.Ordinal);
        JsonElement json = JsonDocument.Parse(report.ToJson()).RootElement[0];
        Assert.Equal(("lease.md", 4, "900 euros."), (json.GetProperty("path").GetString(), json.GetProperty("line").GetInt32(), json.GetProperty("statement").GetString()));
    }

    [Fact]
    public void A_document_of_many_pages_is_searched_within_bounds()
    {
        string[] lines = [.. Enumerable.Range(1, 60_000).Select(i => $"Clause {i} of the contract holds for part {i * 7 % 1_000} in the hall {i % 13}.")];
        SourceFinder finder = Finder(("contract.txt", string.Join('\n', lines)));
        SourceReport report = finder.Find("For which part does clause 4711 hold?", string.Join(' ', Enumerable.Repeat($"Part {4711 * 7 % 1_000}.", 200)));
        Assert.Equal("contract.txt, line 4711", Assert.Single(report.Sources).Found.Place.ToString());
        Assert.True(finder.Find("What holds?", "The contract holds.").Sources.Count <= 12);
    }

    [Fact]
    public void A_plain_prompt_is_running_text()
    {
        DocumentSet set = new DocumentReader().Read("a.md", Files.Utf8("# Terms\n\nThe tenant pays\non the first.\n\n- one\n- two\n"));
        var prompt = new DocumentPrompt(set.Documents, text => text.Length, new PromptOptions { IsPlain = true });
        Assert.Equal("# Terms\n\nThe tenant pays on the first.\n\n- one\n- two\n", prompt.Fit(1_000).Parts[0].Text);
    }

    private static SourceFinder Finder(params (string Name, string Text)[] documents) =>
        new(Prompt([.. documents.Select(document => new DocumentReader().Read(document.Name, Files.Utf8(document.Text)).Documents[0])]));

    private static DocumentPrompt Prompt(IReadOnlyList<SourceDocument> documents) => new(documents, text => text.Length / 4);
}
