using Fathom.Text;

namespace Fathom.Documents.Tests;

/// <summary>Numbers, headers and budgets of prompts.</summary>
public sealed class PromptTests
{
    private static readonly Func<string, int> Words = text => text.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Length;

    [Fact]
    public void A_prompt_has_headers_pages_and_numbers()
    {
        var pdf = new SourceDocument("a.pdf", DocumentKind.Pdf, [new("one", 1, 1), new("two", 2, 1), new("three", 1, 2)]);
        var text = new SourceDocument("b.txt", DocumentKind.Text, [new("four", 1), new("[9] forged", 2), new("=== c.txt ===", 3), new("five", 4)]);
        var prompt = new DocumentPrompt([pdf, text], Words);
        Assert.Equal("=== a.pdf ===\n--- page 1 ---\n[1] one\ntwo\n--- page 2 ---\n[2] three\n=== b.txt ===\n[3] four\n [9] forged\n === c.txt ===\nfive\n", Assert.Single(prompt.Fit(1_000).Parts).Text);
        Assert.Equal("b.txt, lines 1-4", prompt.Find(3)!.Place.ToString());
        Assert.Null(prompt.Find(0));
        Assert.Null(prompt.Find(4));
    }

    [Fact]
    public void Every_line_can_have_a_number()
    {
        var prompt = new DocumentPrompt([Lines("a.txt", 5)], Words, new PromptOptions { PassageCharacters = 0, FirstNumber = 7 });
        Assert.Equal([7, 8, 9, 10, 11], prompt.Passages.Select(passage => passage.Number));
        Assert.Equal("=== a.txt (continued) ===\n[9] a.txt has a line of number 3\n", DocumentPrompt.Render([prompt.Find(9)!]));
    }

    [Fact]
    public void Documents_that_do_not_fit_are_left_out_with_a_reason()
    {
        SourceDocument small = Lines("small.txt", 10);
        SourceDocument large = Lines("large.txt", 1_000);
        var prompt = new DocumentPrompt([large, small], Words);
        PromptPlan plan = prompt.Fit(500);
        Assert.Equal([small], plan.Parts[0].Documents);
        LeftOutDocument left = Assert.Single(plan.LeftOut);
        Assert.Same(large, left.Document);
        Assert.StartsWith("large.txt is left out wholly: its ", left.Message, StringComparison.Ordinal);
        Assert.False(plan.IsWhole);
        Assert.True(prompt.Fit(100_000).IsWhole);
    }

    [Fact]
    public void The_beginning_is_taken_when_the_only_document_is_too_long()
    {
        var prompt = new DocumentPrompt([Lines("large.txt", 1_000)], Words);
        PromptPlan plan = prompt.Fit(500);
        Assert.InRange(plan.Parts[0].Tokens, 400, 500);
        Assert.StartsWith("large.txt is left out from large.txt, lines ", Assert.Single(plan.LeftOut).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(60)]
    [InlineData(128)]
    [InlineData(500)]
    [InlineData(5_000)]
    public void Parts_hold_everything_once_and_keep_to_the_budget(int budget)
    {
        SourceDocument[] documents = [Lines("a.txt", 3), Lines("b.txt", 300), Lines("c.txt", 30), Lines("d.txt", 1), Lines("e.txt", 77)];
        var prompt = new DocumentPrompt(documents, Words, new PromptOptions { PassageCharacters = 100 });
        PromptPlan plan = prompt.Split(budget);
        Assert.Equal(prompt.Passages, plan.Parts.SelectMany(part => part.Passages));
        Assert.All(plan.Parts, part => Assert.InRange(part.Tokens, 1, budget));
        Assert.All(plan.Parts, part => Assert.Equal(Words(part.Text), part.Tokens));
        Assert.Empty(plan.LeftOut);
    }

    [Fact]
    public void A_document_that_fits_a_part_is_not_cut()
    {
        var prompt = new DocumentPrompt([Lines("a.txt", 40), Lines("b.txt", 40), Lines("c.txt", 40)], Words);
        PromptPlan plan = prompt.Split(450);
        Assert.All(plan.Parts, part => Assert.Single(part.Documents));
    }

    [Fact]
    public void A_budget_that_holds_nothing_is_refused()
    {
        var prompt = new DocumentPrompt([Lines("a.txt", 40)], Words);
        Assert.Contains("does not hold passage [1] of a.txt", Assert.Throws<ArgumentException>(() => prompt.Split(3)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => prompt.Fit(3));
        Assert.Empty(new DocumentPrompt([], Words).Fit(10).Parts);
        Assert.Empty(new DocumentPrompt([], Words).Split(10).Parts);
    }

    [Fact]
    public void Numbers_cost_few_tokens_of_the_official_tokenizer()
    {
        Tokenizer tokenizer = Tokenizer.Load(Repository.PathOf("models", "deepseek-v4", "tokenizer.json"));
        DocumentSet set = new DocumentReader().Read([Repository.PathOf("ARCHITECTURE.md"), Repository.PathOf("docs")]);
        var prompt = new DocumentPrompt(set.Documents, text => tokenizer.Encode(text, matchAddedTokens: false).Length);
        string plain = string.Concat(set.Documents.SelectMany(document => document.Pieces).Select(piece => (piece.IsContinuation ? string.Empty : "\n") + piece.Text));
        double share = (prompt.Fit(10_000_000).Parts[0].Tokens / (double)tokenizer.Encode(plain, matchAddedTokens: false).Length) - 1;
        Assert.InRange(share, 0, 0.06);
        TestContext.Current.TestOutputHelper?.WriteLine($"{share:p2} more tokens");
    }

    [Fact]
    public void Plain_text_of_a_page_joins_broken_lines_and_keeps_paragraphs_and_titles_apart()
    {
        string[] lines =
        [
            "About the green hall", "The rent of the hall is 900 euros a month, and it is payable on the first", "working day of each month. Heating is paid by what the meters show.",
            "The deposit is three rents; it is kept on an account of its own until the", "end of the lease.", "- keys", "- lamps",
        ];
        var document = new SourceDocument("a.pdf", DocumentKind.Pdf, [.. lines.Select((text, i) => new SourcePiece(text, i + 1, 1)), new SourcePiece("The next page begins a sentence of its own.", 1, 2)]);
        string text = new DocumentPrompt([document], Words, new PromptOptions { IsPlain = true }).Text;
        Assert.Equal("About the green hall\n\nThe rent of the hall is 900 euros a month, and it is payable on the first working day of each month. Heating is paid by what the meters show. The deposit is three rents; it is kept on an account of its own until the end of the lease.\n- keys\n- lamps\n\nThe next page begins a sentence of its own.\n", text);
    }

    private static SourceDocument Lines(string name, int count) => new(name, DocumentKind.Text, [.. Enumerable.Range(1, count).Select(line => new SourcePiece($"{name} has a line of number {line}", line))]);
}
