namespace Fathom.Documents.Tests;

/// <summary>Documents that are read in parts.</summary>
public sealed class PartReaderTests
{
    private static readonly Func<string, int> Words = text => text.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Length;

    [Fact]
    public async Task Every_part_is_asked_and_the_notes_are_put_together()
    {
        PromptPlan plan = Plan(150, 300);
        var prompts = new List<string>();
        var steps = new List<PartStep>();
        var reader = new PartReader(plan, Words, (prompt, _) => Task.FromResult($"note {prompts.Count}, {Kept(prompts, prompt)}"), steps.Add);
        string notes = await reader.NotesAsync("Who pays?", TestContext.Current.CancellationToken);
        Assert.True(plan.Parts.Count > 1);
        Assert.Equal(plan.Parts.Count, prompts.Count);
        Assert.All(plan.Parts.Zip(prompts), pair => Assert.StartsWith(pair.First.Text, pair.Second, StringComparison.Ordinal));
        Assert.All(prompts, prompt => Assert.EndsWith("Who pays?", prompt, StringComparison.Ordinal));
        Assert.Equal(string.Join('\n', Enumerable.Range(1, plan.Parts.Count).Select(part => $"Notes from part {part}:\nnote {part - 1}, ok\n")), notes);
        Assert.Equal(Enumerable.Range(1, plan.Parts.Count + 1), steps.Select(step => step.Part));
    }

    [Fact]
    public async Task Notes_that_are_too_long_are_combined_until_they_fit()
    {
        PromptPlan plan = Plan(120, 900);
        int asked = 0;
        var notices = new List<string>();
        var reader = new PartReader(plan, Words, (_, _) => Task.FromResult(string.Concat(Enumerable.Repeat($"note{asked++} ", 70))), step => { if (step.Notice is { } notice) notices.Add(notice); });
        string notes = await reader.NotesAsync("Who pays?", TestContext.Current.CancellationToken);
        Assert.True(asked > plan.Parts.Count);
        Assert.InRange(Words(notes), 1, plan.BudgetTokens);

        // Two notes of 70 words do not fit 120, and nothing is cut without a word.
        Assert.NotEmpty(notices);
    }

    private static string Kept(List<string> prompts, string prompt)
    {
        prompts.Add(prompt);
        return "ok";
    }

    private static PromptPlan Plan(int budget, int lines)
    {
        var document = new SourceDocument("long.txt", DocumentKind.Text, [.. Enumerable.Range(1, lines).Select(line => new SourcePiece($"line {line} says something", line))]);
        return new DocumentPrompt([document], Words).FitOrSplit(budget);
    }
}
