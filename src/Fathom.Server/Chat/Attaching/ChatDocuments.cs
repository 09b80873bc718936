using Fathom.Documents;
using Fathom.Inference;
using Fathom.Server.Errors;
using Fathom.Server.Requests;
using Fathom.Text;

namespace Fathom.Server.Chat.Attaching;

/// <summary>Everything that the web chat does with documents, behind one door: what a question with documents becomes, and how its answer is checked.</summary>
internal sealed class ChatDocuments
{
    private readonly QuestionFitter fitter;
    private readonly ChatPrompts prompts;

    /// <summary>Brings the parts together.</summary>
    /// <param name="service">Answers.</param>
    /// <param name="store">Documents by their owners.</param>
    /// <param name="files">Their texts.</param>
    /// <param name="isPlain">Whether prompts have documents without headers, numbers and rules.</param>
    public ChatDocuments(AnswerService service, DocumentStore store, DocumentFiles files, bool isPlain)
    {
        Store = store;
        Shelf = new DocumentShelf(files, service.Model.Tokenizer, isPlain);
        prompts = new ChatPrompts(Shelf, isPlain);
        fitter = new QuestionFitter(service.Model, Shelf, prompts);
    }

    /// <summary>Documents by their owners and conversations.</summary>
    public DocumentStore Store { get; }

    /// <summary>Documents as passages.</summary>
    public DocumentShelf Shelf { get; }

    /// <summary>A document's text.</summary>
    /// <exception cref="ApiException">Its file is away.</exception>
    public SourceDocument TextOf(ChatDocument head) => Guarded(() => Shelf.Text(head));

    /// <summary>How the last question of a branch fits.</summary>
    public FittedQuestion Fit(string system, IReadOnlyList<ChatNode> path, ChatOptions options) => Guarded(() => fitter.Fit(system, path, options));

    /// <summary>What is to be done to answer the last question of a branch.</summary>
    /// <param name="system">The conversation's system prompt.</param>
    /// <param name="path">The branch, which ends with the question.</param>
    /// <param name="call">How to answer; without messages.</param>
    /// <exception cref="ApiException">There is no room for documents, or one is away.</exception>
    public AnswerWork WorkOf(string system, IReadOnlyList<ChatNode> path, ChatCall call) => Guarded(() =>
    {
        ChatNode question = path[^1];

        // Nothing to fit for questions without documents of their own: an over-long conversation has its own error.
        bool hasOwn = question.Documents.Count > 0 && question.Notes.Length == 0;
        IReadOnlyList<ChatMessage> whole = prompts.Of(system, path);
        return new AnswerWork
        {
            Question = question,
            Parts = hasOwn ? fitter.Fit(system, path, call.Options).Parts : null,
            Call = notes => call with { Messages = notes is null ? whole : prompts.Of(system, [.. path.SkipLast(1), question with { Notes = notes }]) },
            PartCall = prompt => call with { Messages = prompts.OfPart(system, prompt) },
            Check = answer => Check(path, answer),
        };
    });

    /// <summary>Keeps documents of an imported conversation.</summary>
    /// <returns>By the ids that they had.</returns>
    /// <exception cref="ApiException">They are too many together.</exception>
    public IReadOnlyDictionary<string, ChatDocument> Import(string owner, string conversation, IReadOnlyDictionary<string, SourceDocument> documents)
    {
        long characters = documents.Values.Sum(document => document.Characters);
        if (!Store.Fits(characters)) throw Store.TooLong(characters);
        return documents.ToDictionary(one => one.Key, one => Store.Add(owner, one.Value, conversation));
    }

    /// <summary>What the check of an answer finds, as JSON; null when its branch has no documents.</summary>
    public string? Check(IReadOnlyList<ChatNode> path, string answer)
    {
        try
        {
            return answer.Length == 0 || Shelf.AllOf(path) is not { } all ? null : AnswerSources.Check(all, path.LastOrDefault(node => node.Role == "user")?.Content ?? string.Empty, answer);
        }
        catch (IOException exception)
        {
            return AnswerSources.Failed(exception.Message);
        }
    }

    private static T Guarded<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (IOException exception)
        {
            throw new ApiException(410, ApiException.InvalidRequest, exception.Message) { Code = "not_found" };
        }
    }
}
