using System.Globalization;
using System.Text;
using Fathom.Documents.Prompting;

namespace Fathom.Documents;

/// <summary>
/// Documents as numbered passages, and plans that fit them into prompts. A document begins with <c>=== name ===</c>, a page with
/// <c>--- page 3 ---</c>, a passage with <c>[12]</c>; the numbers run through all documents, so that one number is a whole citation.
/// <see cref="PromptOptions.IsPlain"/> leaves all of that out.
/// </summary>
public sealed class DocumentPrompt
{
    private readonly Func<string, int> countTokens;
    private readonly PromptOptions options;
    private readonly Lazy<int[]> tokens;
    private readonly Lazy<Dictionary<SourceDocument, Passage[]>> byDocument;

    /// <summary>Cuts documents into passages.</summary>
    /// <param name="documents">The documents, in the order of the prompt.</param>
    /// <param name="countTokens">How many tokens a text has.</param>
    /// <param name="options">How passages are cut.</param>
    public DocumentPrompt(IReadOnlyList<SourceDocument> documents, Func<string, int> countTokens, PromptOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(documents);
        ArgumentNullException.ThrowIfNull(countTokens);
        this.countTokens = countTokens;
        this.options = options ?? new PromptOptions();
        Documents = documents;
        Passages = PassageCutter.Cut(documents, this.options);
        byDocument = new Lazy<Dictionary<SourceDocument, Passage[]>>(() => Passages.GroupBy(passage => passage.Document, ReferenceEqualityComparer.Instance).ToDictionary(group => (SourceDocument)group.Key!, group => group.ToArray(), (IEqualityComparer<SourceDocument>)ReferenceEqualityComparer.Instance));
        tokens = new Lazy<int[]>(() => [.. Passages.Select((_, index) => countTokens(Rendered(index)))]);
    }

    /// <summary>The documents.</summary>
    public IReadOnlyList<SourceDocument> Documents { get; }

    /// <summary>All passages, by their numbers.</summary>
    public IReadOnlyList<Passage> Passages { get; }

    /// <summary>Everything, as it stands in one prompt.</summary>
    public string Text => Render(Passages, options.IsPlain);

    /// <summary>About how many tokens everything takes in one prompt.</summary>
    public int TotalTokens => tokens.Value.Sum();

    /// <summary>The passage of a number, or null.</summary>
    public Passage? Find(int number) => number >= options.FirstNumber && number - options.FirstNumber < Passages.Count ? Passages[number - options.FirstNumber] : null;

    /// <summary>About how many tokens a document takes.</summary>
    public int TokensOf(SourceDocument document) => Passages.Select((passage, index) => ReferenceEquals(passage.Document, document) ? tokens.Value[index] : 0).Sum();

    /// <summary>
    /// One prompt: documents in order, as many as fit wholly. If the first one alone is too long, its beginning is taken. What is left
    /// out is listed.
    /// </summary>
    /// <param name="budgetTokens">Tokens that the documents may take.</param>
    /// <exception cref="ArgumentException">Not even one passage fits.</exception>
    public PromptPlan Fit(int budgetTokens)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(budgetTokens, 1);
        var taken = new List<int>();
        var waiting = new List<Range>();
        long used = 0;
        foreach (Range range in Ranges())
        {
            long cost = Cost(range);
            if (used + cost > budgetTokens)
            {
                waiting.Add(range);
                continue;
            }

            used += cost;
            taken.AddRange(Indices(range));
        }

        if (taken.Count == 0 && waiting.Count > 0)
        {
            foreach (int index in Indices(waiting[0]))
            {
                if (used + tokens.Value[index] > budgetTokens) break;
                used += tokens.Value[index];
                taken.Add(index);
            }
        }

        if (Passages.Count == 0) return new PromptPlan(budgetTokens, 0, [], []);

        // Counting passage by passage can be a few tokens off, so the last word has the whole text.
        PromptPart part = Part(taken);
        while (part.Tokens > budgetTokens && taken.Count > 0)
        {
            taken.RemoveAt(taken.Count - 1);
            part = Part(taken);
        }

        if (taken.Count == 0) throw TooSmall(budgetTokens, 0);
        var kept = taken.ToHashSet();
        LeftOutDocument[] left = [.. Ranges().Select(range => LeftOut(range, kept, budgetTokens)).OfType<LeftOutDocument>()];
        return new PromptPlan(budgetTokens, TotalTokens, [part], left);
    }

    /// <summary>
    /// Several prompts that hold everything, to be answered one by one and then combined. A document is cut only if it is longer than
    /// a part, and then at the end of a page if one is near.
    /// </summary>
    /// <param name="budgetTokens">Tokens that the documents may take in each part.</param>
    /// <exception cref="ArgumentException">There is a passage that does not fit.</exception>
    public PromptPlan Split(int budgetTokens)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(budgetTokens, 1);
        var parts = new List<PromptPart>();
        for (int next = 0; next < Passages.Count;)
        {
            int end = EndOfPart(next, budgetTokens);
            PromptPart part;
            while ((part = Part([.. Enumerable.Range(next, end - next)])).Tokens > budgetTokens)
            {
                if (--end == next) throw TooSmall(budgetTokens, next);
            }

            parts.Add(part);
            next = end;
        }

        return new PromptPlan(budgetTokens, TotalTokens, parts, []);
    }

    /// <summary>One prompt if everything fits into it, else several.</summary>
    /// <param name="budgetTokens">Tokens that the documents may take in each part.</param>
    /// <exception cref="ArgumentException">There is a passage that does not fit.</exception>
    public PromptPlan FitOrSplit(int budgetTokens) => Fit(budgetTokens) is { IsWhole: true } whole ? whole : Split(budgetTokens);

    /// <summary>The text of some passages, as it stands in a prompt with numbers.</summary>
    /// <param name="passages">The passages, in order.</param>
    public static string Render(IEnumerable<Passage> passages)
    {
        ArgumentNullException.ThrowIfNull(passages);
        return Render(passages, isPlain: false);
    }

    private static string Render(IEnumerable<Passage> passages, bool isPlain)
    {
        var text = new StringBuilder();
        Passage? before = null;
        foreach (Passage passage in passages)
        {
            if (isPlain) PlainText.Append(text, passage);
            else Render(text, passage, before);
            before = passage;
        }

        if (isPlain && text.Length > 0) text.Append('\n');
        return text.ToString();
    }

    /// <summary>Where some pieces of a document stand, with the passages they are in.</summary>
    internal FoundPlace PlaceOf(SourceDocument document, int first, int last)
    {
        Passage[] own = byDocument.Value[document];
        return new FoundPlace(document.PlaceOf(first, last), NumberOf(own, first), NumberOf(own, last));
    }

    private static int NumberOf(Passage[] passages, int piece)
    {
        int low = 0;
        int high = passages.Length - 1;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (passages[middle].Last < piece) low = middle + 1;
            else high = middle;
        }

        return passages[low].Number;
    }

    private int EndOfPart(int start, int budget)
    {
        int end = start;
        long used = 0;
        while (end < Passages.Count && used + tokens.Value[end] <= budget) used += tokens.Value[end++];
        if (end == start) return start + 1;
        if (end == Passages.Count || !ReferenceEquals(Passages[end].Document, Passages[end - 1].Document)) return end;

        // The next passage is of the same document: rather cut before the document if it fits a part, else at a page.
        int documentStart = end;
        while (documentStart > start && ReferenceEquals(Passages[documentStart - 1].Document, Passages[end].Document)) documentStart--;
        int documentEnd = end;
        while (documentEnd < Passages.Count && ReferenceEquals(Passages[documentEnd].Document, Passages[end].Document)) documentEnd++;
        if (documentStart > start && Cost(documentStart..documentEnd) <= budget) return documentStart;
        for (int page = end; page > documentStart && page > start + ((end - start) * 3 / 4); page--)
        {
            if (Passages[page].Place.Page != Passages[page - 1].Place.Page) return page;
        }

        return end;
    }

    private PromptPart Part(List<int> indices)
    {
        Passage[] passages = [.. indices.Select(index => Passages[index])];
        string text = Render(passages, options.IsPlain);
        return new PromptPart(passages, text, countTokens(text));
    }

    private LeftOutDocument? LeftOut(Range range, HashSet<int> kept, int budget)
    {
        int[] missing = [.. Indices(range).Where(index => !kept.Contains(index))];
        if (missing.Length == 0) return null;
        int cost = missing.Sum(index => tokens.Value[index]);
        SourceDocument document = Passages[missing[0]].Document;
        string what = missing.Length < range.End.Value - range.Start.Value ? $"from {Passages[missing[0]].Place} on" : "wholly";
        return new LeftOutDocument(document, Passages[missing[0]].Number, Passages[missing[^1]].Number, cost, FormattableString.Invariant($"{document.Path} is left out {what}: its {cost:n0} tokens do not fit beside the others into {budget:n0}; ask about fewer documents, or let them be read in parts."));
    }

    private ArgumentException TooSmall(int budget, int index) => new(FormattableString.Invariant($"A budget of {budget:n0} tokens does not hold passage [{Passages[index].Number}] of {Passages[index].Document.Path}, which takes {countTokens(Render([Passages[index]], options.IsPlain)):n0} with its header; give more room to documents."));

    private IEnumerable<Range> Ranges()
    {
        for (int start = 0, end; start < Passages.Count; start = end)
        {
            end = start + 1;
            while (end < Passages.Count && ReferenceEquals(Passages[end].Document, Passages[start].Document)) end++;
            yield return start..end;
        }
    }

    private static IEnumerable<int> Indices(Range range) => Enumerable.Range(range.Start.Value, range.End.Value - range.Start.Value);

    private long Cost(Range range) => Indices(range).Sum(index => (long)tokens.Value[index]);

    private string Rendered(int index)
    {
        if (options.IsPlain) return Render([Passages[index]], isPlain: true);
        var text = new StringBuilder();
        Render(text, Passages[index], index == 0 ? null : Passages[index - 1]);
        return text.ToString();
    }

    private static void Render(StringBuilder text, Passage passage, Passage? before)
    {
        SourceDocument document = passage.Document;
        SourcePiece piece = document.Pieces[passage.First];
        bool isNew = before is null || !ReferenceEquals(before.Document, document);
        if (isNew) text.Append("=== ").Append(document.Path).Append(passage.First > 0 ? " (continued)" : string.Empty).Append(" ===\n");
        if ((isNew || !piece.IsBeside(document.Pieces[before!.Last])) && (piece.Page is not null || piece.Part is not null))
        {
            text.Append("---");
            if (piece.Page is { } page) text.Append(' ').Append(SourcePlace.PageWord(document.Kind)).Append(' ').Append(page.ToString(CultureInfo.InvariantCulture));
            if (piece.Part is { } part) text.Append(piece.Page is null ? " " : ", ").Append(part);
            text.Append(" ---\n");
        }

        text.Append('[').Append(passage.Number.ToString(CultureInfo.InvariantCulture)).Append("] ").Append(passage.Text).Append('\n');
    }
}
