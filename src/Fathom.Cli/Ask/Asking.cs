using System.Text;
using Fathom.Cli.Output;
using Fathom.Documents;
using Fathom.Inference;
using Fathom.Text;

namespace Fathom.Cli.Ask;

/// <summary>
/// Questions about documents. The documents stand first in the prompt and the question last, so that the next question about the same
/// documents finds them in the cache, also in the cache folder after a restart.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="options">How to answer; its system message stands before the documents.</param>
/// <param name="plan">The documents as they fit.</param>
/// <param name="answers">Shows the answers.</param>
/// <param name="notes">Shows the work on parts.</param>
/// <param name="info">Where the user is told what happens.</param>
internal sealed class Asking(FathomModel model, ChatOptions options, PromptPlan plan, AnswerWriter answers, AnswerWriter notes, TextWriter info)
{
    private ChatSession? chat;

    /// <summary>Answers a question; later ones go on with the conversation of the first.</summary>
    public async Task<GenerationCompleted> AnswerAsync(string question, CancellationToken cancellation)
    {
        if (chat is not null) return await SendAsync(chat, question, answers, cancellation).ConfigureAwait(false);
        string prompt = plan.Parts.Count == 1
            ? $"{plan.Parts[0].Text}\n{question}"
            : $"{await NotesAsync(question, cancellation).ConfigureAwait(false)}\n{AskTemplates.Fill(AskTemplates.Read("combine"), "task", question)}";
        ChatSession opened = model.StartChat(options);
        GenerationCompleted completed = await SendAsync(opened, prompt, answers, cancellation).ConfigureAwait(false);
        chat = opened;
        return completed;
    }

    /// <summary>Tokens of a prompt without documents.</summary>
    public static int TokensAround(FathomModel model, ChatOptions options, string question)
    {
        ChatMessage[] messages = [ChatMessage.Of("system", options.System ?? string.Empty), ChatMessage.Of("user", $"\n{question}")];
        return model.Tokenizer.Encode(model.Render(messages, options).Spans).Length;
    }

    private async Task<string> NotesAsync(string question, CancellationToken cancellation)
    {
        var collected = new List<string>();
        for (int i = 0; i < plan.Parts.Count; i++)
        {
            await info.WriteLineAsync($"fathom: part {i + 1} of {plan.Parts.Count}").ConfigureAwait(false);
            string task = AskTemplates.Fill(AskTemplates.Fill(AskTemplates.Fill(AskTemplates.Read("part"), "part", $"{i + 1}"), "parts", $"{plan.Parts.Count}"), "task", question);
            GenerationCompleted part = await SendAsync(model.StartChat(options), $"{plan.Parts[i].Text}\n{task}", notes, cancellation).ConfigureAwait(false);
            collected.Add($"Notes from part {i + 1}:\n{part.Message.Content}\n");
        }

        return await FittingAsync(collected, question, cancellation).ConfigureAwait(false);
    }

    /// <summary>Combines notes group by group until they fit one prompt.</summary>
    private async Task<string> FittingAsync(List<string> collected, string question, CancellationToken cancellation)
    {
        while (collected.Count > 1 && Tokens(string.Join('\n', collected)) > plan.BudgetTokens)
        {
            var next = new List<string>();
            for (int i = 0; i < collected.Count;)
            {
                // Two at least, or the notes would never become fewer; two that do not fit are cut.
                var group = new StringBuilder(collected[i++]);
                while (i < collected.Count && (group.Length == 0 || Tokens(group + collected[i]) <= plan.BudgetTokens)) group.Append('\n').Append(collected[i++]);
                if (i < collected.Count && group.ToString() == collected[i - 1]) group.Append('\n').Append(collected[i++]);
                string text = Cut(group.ToString());
                GenerationCompleted combined = await SendAsync(model.StartChat(options), $"{text}\n{AskTemplates.Fill(AskTemplates.Read("combine"), "task", question)}", notes, cancellation).ConfigureAwait(false);
                next.Add($"Notes:\n{combined.Message.Content}\n");
            }

            collected = next;
        }

        return Cut(string.Join('\n', collected));
    }

    private string Cut(string text)
    {
        int tokens = Tokens(text);
        if (tokens <= plan.BudgetTokens) return text;
        info.WriteLine($"fathom: notes of {tokens} tokens are cut to {plan.BudgetTokens}; ask about fewer documents for a complete answer.");
        while (Tokens(text) > plan.BudgetTokens) text = text[..(text.Length * 9 / 10)];
        return text;
    }

    private int Tokens(string text) => model.Tokenizer.Encode(text, matchAddedTokens: false).Length;

    private static async Task<GenerationCompleted> SendAsync(ChatSession chat, string text, AnswerWriter writer, CancellationToken cancellation)
    {
        GenerationCompleted? completed = null;
        try
        {
            await foreach (CompletionEvent happened in chat.SendAsync(text, cancellation).ConfigureAwait(false)) completed = writer.Show(happened) ?? completed;
        }
        finally
        {
            writer.End();
        }

        return completed ?? throw new InvalidOperationException("The answer ended without its last event.");
    }
}
