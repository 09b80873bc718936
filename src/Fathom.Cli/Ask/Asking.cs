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
            ? PartReader.WholePrompt(plan.Parts[0].Text, question)
            : PartReader.NotesPrompt(await NotesAsync(question, cancellation).ConfigureAwait(false), question);
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

    private Task<string> NotesAsync(string question, CancellationToken cancellation)
    {
        var reader = new PartReader(
            plan,
            text => model.Tokenizer.Encode(text, matchAddedTokens: false).Length,
            async (prompt, token) => (await SendAsync(model.StartChat(options), prompt, notes, token).ConfigureAwait(false)).Message.Content ?? string.Empty,
            step =>
            {
                if (step.Notice is { } notice) info.WriteLine($"fathom: {notice}");
                else if (step.Part <= step.Parts) info.WriteLine($"fathom: part {step.Part} of {step.Parts}");
            });
        return reader.NotesAsync(question, cancellation);
    }

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
