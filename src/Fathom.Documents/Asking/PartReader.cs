using System.Text;

namespace Fathom.Documents;

/// <summary>
/// Makes prompts of documents and a question. The documents stand first and the question last, so that the next question finds the documents in
/// the cache. Documents that are too long for one prompt are read part by part, each for notes, and the notes take the documents' place.
/// It knows no model: who calls it answers the prompts.
/// </summary>
/// <param name="plan">The documents as they fit.</param>
/// <param name="countTokens">How many tokens a text has.</param>
/// <param name="answer">Answers a prompt that stands alone.</param>
/// <param name="tell">Told before every step; null for nobody.</param>
public sealed class PartReader(PromptPlan plan, Func<string, int> countTokens, Func<string, CancellationToken, Task<string>> answer, Action<PartStep>? tell = null)
{
    /// <summary>Room for the answer when nothing else is said: this share of the context, and at most this many tokens.</summary>
    private const int AnswerShare = 4;
    private const int MostAnswerTokens = 32_768;

    /// <summary>Two texts meet at a token's border at best, and the numbers of parts have digits.</summary>
    private const int SpareWords = 16;

    /// <summary>Tokens that are kept free for the answer.</summary>
    /// <param name="contextTokens">The context.</param>
    /// <param name="wanted">What the user said; null for nothing.</param>
    public static int AnswerTokens(int contextTokens, int? wanted) => wanted ?? Math.Min(contextTokens / AnswerShare, MostAnswerTokens);

    /// <summary>The longest text that may stand behind documents for a question: what is counted around them when they are fitted.</summary>
    /// <param name="question">The question.</param>
    public static string LongestTask(string question) => AskTemplates.Fill(AskTemplates.Read("part"), "task", question) + string.Concat(Enumerable.Repeat(" 1", SpareWords));

    /// <summary>Documents with a question.</summary>
    /// <param name="documents">The documents, as they stand in a prompt.</param>
    /// <param name="question">The question.</param>
    public static string WholePrompt(string documents, string question) => $"{documents}\n{question}";

    /// <summary>Notes in place of documents, with a question.</summary>
    /// <param name="notes">What <see cref="NotesAsync"/> made.</param>
    /// <param name="question">The question.</param>
    public static string NotesPrompt(string notes, string question) => $"{notes}\n{AskTemplates.Fill(AskTemplates.Read("combine"), "task", question)}";

    /// <summary>Reads all parts for a question, and combines the notes until they fit one prompt.</summary>
    /// <param name="question">The question.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The notes.</returns>
    public async Task<string> NotesAsync(string question, CancellationToken cancellation = default)
    {
        var collected = new List<string>();
        for (int i = 0; i < plan.Parts.Count; i++)
        {
            tell?.Invoke(new PartStep(i + 1, plan.Parts.Count));
            string task = AskTemplates.Fill(AskTemplates.Fill(AskTemplates.Fill(AskTemplates.Read("part"), "part", $"{i + 1}"), "parts", $"{plan.Parts.Count}"), "task", question);
            collected.Add($"Notes from part {i + 1}:\n{await answer(WholePrompt(plan.Parts[i].Text, task), cancellation).ConfigureAwait(false)}\n");
        }

        tell?.Invoke(new PartStep(plan.Parts.Count + 1, plan.Parts.Count));
        return await FittingAsync(collected, question, cancellation).ConfigureAwait(false);
    }

    /// <summary>Combines notes group by group until they fit one prompt.</summary>
    private async Task<string> FittingAsync(List<string> collected, string question, CancellationToken cancellation)
    {
        while (collected.Count > 1 && countTokens(string.Join('\n', collected)) > plan.BudgetTokens)
        {
            var next = new List<string>();
            for (int i = 0; i < collected.Count;)
            {
                // Two at least, or the notes would never become fewer; two that do not fit are cut.
                var group = new StringBuilder(collected[i++]);
                for (int own = 1; i < collected.Count && (own < 2 || countTokens(group + collected[i]) <= plan.BudgetTokens); own++) group.Append('\n').Append(collected[i++]);
                next.Add($"Notes:\n{await answer(NotesPrompt(Cut(group.ToString()), question), cancellation).ConfigureAwait(false)}\n");
            }

            collected = next;
        }

        return Cut(string.Join('\n', collected));
    }

    private string Cut(string text)
    {
        int tokens = countTokens(text);
        if (tokens <= plan.BudgetTokens) return text;
        tell?.Invoke(new PartStep(plan.Parts.Count + 1, plan.Parts.Count, $"notes of {tokens} tokens are cut to {plan.BudgetTokens}; ask about fewer documents for a complete answer."));
        while (countTokens(text) > plan.BudgetTokens) text = text[..(text.Length * 9 / 10)];
        return text;
    }
}
