using System.Text;
using Fathom.Documents.Sources;

namespace Fathom.Documents;

/// <summary>
/// Finds the passages that support an answer, for models that cite nothing. No model takes part: a sentence of a document supports a
/// statement when the statement's words stand in it, and it is the better the more of the question's words stand there or beside it.
/// Rare words weigh more. The same documents, question and answer give the same sources.
/// </summary>
/// <remarks>It says where the words stand together; whether the statement follows from them, it cannot say. May be used by several threads.</remarks>
public sealed class SourceFinder
{
    /// <summary>Share of a statement's words, by weight, that must stand in a sentence or beside it.</summary>
    private const double LeastOfStatement = 0.75;

    /// <summary>The share that must stand in the sentence itself.</summary>
    private const double LeastInSentence = 0.5;

    /// <summary>The share that words of the question must have.</summary>
    private const double LeastOfQuestion = 0.2;

    /// <summary>A statement of at least so many known words has its subject in itself; a shorter one, such as "Blue.", needs the question's.</summary>
    private const int WholeStatement = 5;

    /// <summary>What a word counts that stands in a sentence beside, or in the heading or the name of the document.</summary>
    private const double Beside = 0.5;
    private const double Above = 0.5;

    /// <summary>Others than the best are named when they are at least so good.</summary>
    private const double NearlyAsGood = 0.97;

    /// <summary>A word of the question that stands nowhere and is no name or number, such as "which", counts this little.</summary>
    private const double Unnamed = 0.1;

    /// <summary>Names and numbers say more about what is asked than other words.</summary>
    private const double Named = 3;

    /// <summary>Words that weigh less than this share of the best one do not decide which lines are named.</summary>
    private const double Weighty = 0.3;

    private const int MostStatements = 40;
    private const int MostForStatement = 2;
    private const int MostSources = 12;
    private const int LongestShown = 240;

    private readonly DocumentPrompt prompt;
    private readonly Lazy<Index> index;

    /// <summary>Prepares to find sources; the documents are looked at when the first answer comes.</summary>
    /// <param name="prompt">The documents, with the numbers of their passages.</param>
    public SourceFinder(DocumentPrompt prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        this.prompt = prompt;
        index = new Lazy<Index>(() => new Index(prompt.Documents));
    }

    /// <summary>Finds what supports an answer.</summary>
    /// <param name="question">The question.</param>
    /// <param name="answer">The answer: its first forty sentences are looked at.</param>
    /// <param name="cancellation">Looked at between documents.</param>
    /// <returns>The sources of each statement; none where nothing supports it.</returns>
    public SourceReport Find(string question, string answer, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(question);
        ArgumentNullException.ThrowIfNull(answer);
        var found = new List<FoundSource>();
        WeightedWords asked = index.Value.Weigh(question, Unnamed, Named);
        foreach (string statement in Statements(answer).Take(MostStatements))
        {
            WeightedWords said = index.Value.Weigh(statement, 1);
            if (said.Total <= 0 || said.Known.Count == 0) continue;
            foreach (FoundSource source in Best(statement, said, asked, cancellation))
            {
                if (found.Count < MostSources && !found.Exists(other => other.Found == source.Found)) found.Add(source);
            }
        }

        return new SourceReport(found);
    }

    private IEnumerable<FoundSource> Best(string statement, WeightedWords said, WeightedWords asked, CancellationToken cancellation)
    {
        // The question's words say nothing new where the statement has them already.
        WeightedWords open = asked.Without(said);
        var best = new List<(double Score, int Document, int Sentence)>();
        double[] own = new double[index.Value.Words];
        for (int document = 0; document < index.Value.Documents.Length; document++)
        {
            cancellation.ThrowIfCancellationRequested();
            SourceSentences sentences = index.Value.Documents[document];
            WeightedWords name = index.Value.Names[document];
            for (int i = 0; i < sentences.Sentences.Count; i++)
            {
                double score = Score(sentences, i, name, said, open, own);
                if (score > 0) best.Add((score, document, i));
            }
        }

        if (best.Count == 0) return [];
        double top = best.Max(one => one.Score);
        return best.Where(one => one.Score >= top * NearlyAsGood).OrderByDescending(one => one.Score).ThenBy(one => one.Document).ThenBy(one => one.Sentence).Take(MostForStatement)
            .Select(one => Source(statement, index.Value.Documents[one.Document], one.Sentence, one.Score, said, open));
    }

    /// <summary>How well a sentence supports a statement; 0 when it does not.</summary>
    private static double Score(SourceSentences sentences, int at, WeightedWords name, WeightedWords said, WeightedWords open, double[] presence)
    {
        SourceSentence sentence = sentences.Sentences[at];
        Mark(at, 1);
        double ofStatement = said.Share(presence);
        double ofQuestion = 0;
        if (ofStatement >= LeastInSentence)
        {
            MarkAround(Beside, Above);
            ofStatement = said.Share(presence);
            ofQuestion = open.Total > 0 ? open.Share(presence) : 1;
            MarkAround(0, 0);
        }

        Mark(at, 0);

        return ofStatement >= LeastOfStatement && (ofQuestion >= LeastOfQuestion || said.Known.Count >= WholeStatement) ? ofStatement + ofQuestion : 0;

        void MarkAround(double beside, double above)
        {
            if (at > 0 && sentences.Sentences[at - 1].Heading == sentence.Heading) Mark(at - 1, beside);
            if (at + 1 < sentences.Sentences.Count && sentences.Sentences[at + 1].Heading == sentence.Heading) Mark(at + 1, beside);
            if (sentence.Heading >= 0) Mark(sentence.Heading, above);
            foreach (int word in name.Known.Keys) presence[word] = above == 0 ? 0 : Math.Max(presence[word], above);
        }

        void Mark(int index, double value)
        {
            foreach (int word in sentences.WordsOf(sentences.Sentences[index])) presence[word] = value == 0 ? 0 : Math.Max(presence[word], value);
        }
    }

    private FoundSource Source(string statement, SourceSentences sentences, int at, double score, WeightedWords said, WeightedWords open)
    {
        (int first, int last) = sentences.PiecesWith(sentences.Sentences[at], word => Math.Max(said.Known.GetValueOrDefault(word), open.Known.GetValueOrDefault(word)), Weighty);
        SourceDocument document = sentences.Document;
        string text = sentences.TextOf(sentences.Sentences[at]);
        if (text.Length > LongestShown) text = text[..(LongestShown - 1)].TrimEnd() + "…";
        return new FoundSource(statement, prompt.PlaceOf(document, first, last), text, score);
    }

    /// <summary>The sentences and lines of an answer, without the model's reasoning marks and citations.</summary>
    private static IEnumerable<string> Statements(string answer)
    {
        var statement = new StringBuilder();
        for (int i = 0; i < answer.Length; i++)
        {
            char c = answer[i];
            statement.Append(c is '\n' or '\r' ? ' ' : c);
            bool isEnd = c == '\n' || c == '。' || (c is '.' or '!' or '?' && (i + 1 == answer.Length || char.IsWhiteSpace(answer[i + 1])));
            if (!isEnd) continue;
            if (statement.ToString().Trim() is { Length: > 0 } text) yield return text;
            statement.Clear();
        }

        if (statement.ToString().Trim() is { Length: > 0 } rest) yield return rest;
    }

    /// <summary>All documents by sentences, and in how many sentences each word stands.</summary>
    private sealed class Index
    {
        private readonly Dictionary<string, int> vocabulary = new(StringComparer.Ordinal);
        private readonly double[] weights;
        private readonly double rarest;

        public Index(IReadOnlyList<SourceDocument> documents)
        {
            Documents = [.. documents.Select(document => new SourceSentences(document, vocabulary))];
            int[] counts = new int[vocabulary.Count];
            int[] lastSeen = new int[vocabulary.Count];
            int all = 0;
            foreach (SourceSentences sentences in Documents)
            {
                foreach (SourceSentence sentence in sentences.Sentences)
                {
                    all++;
                    foreach (int word in sentences.WordsOf(sentence))
                    {
                        if (lastSeen[word] != all) counts[word]++;
                        lastSeen[word] = all;
                    }
                }
            }

            weights = [.. counts.Select(count => Math.Log(1 + (all / (double)count)) - Math.Log(2) + 0.05)];
            rarest = Math.Log(1 + all) + 0.05;
            Names = [.. documents.Select(document => Weigh(document.Path, 0))];
        }

        public SourceSentences[] Documents { get; }

        /// <summary>The words of each document's name.</summary>
        public WeightedWords[] Names { get; }

        public int Words => vocabulary.Count;

        /// <summary>The words of a text with their weights.</summary>
        /// <param name="text">A question, a statement or a name.</param>
        /// <param name="unnamed">What words that stand nowhere count, by share, unless they are names or numbers.</param>
        /// <param name="named">How many times names and numbers count.</param>
        public WeightedWords Weigh(string text, double unnamed, double named = 1)
        {
            string normal = SourceWords.Normal(text);
            var known = new Dictionary<int, double>();
            var unknown = new Dictionary<string, double>(StringComparer.Ordinal);
            bool isFirst = true;
            for (int position = 0; SourceWords.Next(normal, ref position, out int start); isFirst = false)
            {
                Span<char> stem = new char[position - start];
                stem = stem[..SourceWords.Stem(normal.AsSpan(start..position), stem)];
                bool isName = !isFirst && !char.IsLower(normal[start]);
                if (vocabulary.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(stem, out int id)) known[id] = weights[id] * (isName ? named : 1);
                else unknown[stem.ToString()] = rarest * (isName ? Math.Sign(unnamed) * named : unnamed);
            }

            return new WeightedWords(known, unknown);
        }
    }
}
