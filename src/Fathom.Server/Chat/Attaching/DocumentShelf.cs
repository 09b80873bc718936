using System.Globalization;
using Fathom.Documents;
using Fathom.Text;

namespace Fathom.Server.Chat.Attaching;

/// <summary>Documents of conversations as numbered passages, ready for prompts and checks. Those that were used last stay in memory.</summary>
/// <param name="files">Where the documents lie.</param>
/// <param name="tokenizer">Counts tokens.</param>
/// <param name="isPlain">Whether documents stand in prompts without headers and numbers.</param>
internal sealed class DocumentShelf(DocumentFiles files, Tokenizer tokenizer, bool isPlain)
{
    private const long MostCharacters = 32L << 20;

    private readonly RecentlyUsed<SourceDocument> documents = new(MostCharacters);
    private readonly RecentlyUsed<ShelvedDocuments> sets = new(MostCharacters);

    /// <summary>How many tokens a text has.</summary>
    public int CountTokens(string text) => tokenizer.Encode(text, matchAddedTokens: false).Length;

    /// <summary>A document's text.</summary>
    /// <exception cref="IOException">Its file is away.</exception>
    public SourceDocument Text(ChatDocument document) => documents.Get($"{document.Id} {document.Path}", () => files.Read(document), read => read.Characters);

    /// <summary>Documents with numbers.</summary>
    /// <param name="heads">The documents, in the order of the prompt.</param>
    /// <param name="firstNumber">The number of their first passage.</param>
    public ShelvedDocuments Numbered(IReadOnlyList<ChatDocument> heads, int firstNumber = 1)
    {
        string key = firstNumber.ToString(CultureInfo.InvariantCulture) + string.Concat(heads.Select(head => $" {head.Id} {head.Path}"));
        return sets.Get(key, () => new ShelvedDocuments(heads, new DocumentPrompt([.. heads.Select(Text)], CountTokens, new PromptOptions { FirstNumber = firstNumber, IsPlain = isPlain }), CountTokens), made => made.Characters);
    }

    /// <summary>The documents of each question of a branch, with numbers that run through the branch: so a number stays what it is when more documents come.</summary>
    public IReadOnlyDictionary<string, ShelvedDocuments> OfBranch(IEnumerable<ChatNode> path)
    {
        var found = new Dictionary<string, ShelvedDocuments>();
        int next = 1;
        foreach (ChatNode node in path.Where(node => node.Documents.Count > 0))
        {
            ShelvedDocuments shelved = found[node.Id] = Numbered(node.Documents, next);
            next += shelved.Prompt.Passages.Count;
        }

        return found;
    }

    /// <summary>All documents of a branch under the same numbers; null when there are none.</summary>
    public ShelvedDocuments? AllOf(IEnumerable<ChatNode> path)
    {
        ChatDocument[] all = [.. path.SelectMany(node => node.Documents)];
        return all.Length == 0 ? null : Numbered(all);
    }
}

/// <summary>Documents with numbers, and what is made of them when it is needed.</summary>
/// <param name="heads">The documents.</param>
/// <param name="prompt">The same as passages.</param>
/// <param name="countTokens">How many tokens a text has.</param>
internal sealed class ShelvedDocuments(IReadOnlyList<ChatDocument> heads, DocumentPrompt prompt, Func<string, int> countTokens)
{
    private readonly Lazy<string> text = new(() => prompt.Text);
    private readonly Lazy<CitationChecker> checker = new(() => new CitationChecker(prompt));
    private readonly Lazy<SourceFinder> finder = new(() => new SourceFinder(prompt));
    private readonly Lazy<int> tokens = new(() => countTokens(prompt.Text));

    public DocumentPrompt Prompt => prompt;

    /// <summary>All of them as they stand in a prompt.</summary>
    public string Text => text.Value;

    /// <summary>Tokens of <see cref="Text"/>.</summary>
    public int Tokens => tokens.Value;

    public CitationChecker Checker => checker.Value;

    public SourceFinder Finder => finder.Value;

    public long Characters => prompt.Documents.Sum(document => document.Characters);

    /// <summary>The head of a document.</summary>
    public ChatDocument HeadOf(SourceDocument document)
    {
        for (int i = 0; i < heads.Count; i++)
        {
            if (ReferenceEquals(prompt.Documents[i], document)) return heads[i];
        }

        throw new ArgumentException($"{document.Path} is none of these documents.", nameof(document));
    }
}
