using Fathom.Documents;
using Fathom.Inference;
using Fathom.Server.Errors;
using Fathom.Text;

namespace Fathom.Server.Chat.Attaching;

/// <summary>Finds out whether the documents of a question fit into its prompt, and how else they are read.</summary>
internal sealed class QuestionFitter(FathomModel model, DocumentShelf shelf, ChatPrompts prompts)
{
    /// <summary>Fits the last question of a branch.</summary>
    /// <param name="system">The conversation's system prompt.</param>
    /// <param name="path">The branch, which ends with the question.</param>
    /// <param name="options">How it will be answered.</param>
    /// <exception cref="ApiException">There is no room for documents.</exception>
    public FittedQuestion Fit(string system, IReadOnlyList<ChatNode> path, ChatOptions options)
    {
        ChatNode question = path[^1];
        bool hasOwn = question.Documents.Count > 0 && question.Notes.Length == 0;

        // What stands around the documents: the same branch, whose last question has the longest text that may stand behind them.
        ChatNode bare = !hasOwn ? question : question with { Documents = [], Content = PartReader.LongestTask(question.Content) };
        IReadOnlyList<ChatMessage> messages = prompts.Of(system, [.. path.SkipLast(1), bare], hasRules: hasOwn);
        int around = model.Tokenizer.Encode(model.Render(messages, options).Spans).Length;
        if (!hasOwn) return new FittedQuestion(0, around, 0, model.ContextLength, null);
        ShelvedDocuments own = shelf.OfBranch(path)[question.Id];
        int answer = PartReader.AnswerTokens(model.ContextLength, options.Generation.MaxTokens), budget = model.ContextLength - answer - around;
        if (budget <= 0) throw NoRoom(around, answer);
        bool isWhole = own.Tokens <= budget;
        return new FittedQuestion(own.Tokens, around + own.Tokens, budget, model.ContextLength, isWhole ? null : own.Prompt.Split(budget));
    }

    private ApiException NoRoom(int around, int answer) => ApiException.BadRequest(
        FormattableString.Invariant($"The context of {model.ContextLength:n0} tokens has no room for documents beside {around:n0} tokens of this conversation and {answer:n0} that are kept for the answer; ask in a new conversation, or lower the tokens of the answer in the settings."),
        "context_length_exceeded");
}
