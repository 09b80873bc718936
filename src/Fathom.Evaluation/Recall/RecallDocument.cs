using System.Globalization;
using System.Text;

namespace Fathom.Evaluation.Recall;

/// <summary>A question about a document, its answer, and where in the document the answer stands.</summary>
/// <param name="Question">The question.</param>
/// <param name="Answer">The exact answer.</param>
/// <param name="Depth">Place of the fact, 0 for the beginning to 1 for the end; −1 when the document does not say.</param>
/// <param name="Fact">The sentence that holds the answer; null when the document does not say.</param>
internal sealed record RecallQuestion(string Question, string Answer, double Depth, string? Fact);

/// <summary>
/// A generated document in which facts are hidden among ordinary sentences, with questions about them: several facts
/// about similar things stand beside each other, and some questions ask for what is not there. The same seed and number
/// give the same document.
/// </summary>
internal sealed class RecallDocument
{
    /// <summary>What is answered when the document does not say.</summary>
    public const string NotThere = "The document does not say.";

    /// <summary>The prompt of a question about a document.</summary>
    public static string Prompt(string document, string question) => $"{document}\n\n{question}";

    private RecallDocument(string text, IReadOnlyList<RecallQuestion> questions)
    {
        Text = text;
        Questions = questions;
    }

    public string Text { get; }

    public IReadOnlyList<RecallQuestion> Questions { get; }

    /// <summary>Makes a document.</summary>
    /// <param name="seed">Seed of the whole series.</param>
    /// <param name="number">Which document of the series.</param>
    /// <param name="characters">About how long.</param>
    /// <param name="questions">How many questions at most.</param>
    /// <param name="mostFacts">How many facts at most; 0 for one in 220 characters.</param>
    public static RecallDocument Create(long seed, long number, int characters, int questions, int mostFacts = 0)
    {
        ulong mixed = unchecked((((ulong)seed * 0x9E3779B97F4A7C15) ^ (ulong)number) * 0x2545F4914F6CDD1D);
        var random = new Random((int)(mixed >> 32));
        int count = mostFacts > 0 ? random.Next(Math.Max(1, mostFacts / 2), mostFacts + 1) : Math.Clamp(characters / 220, 1, Math.Max(2, questions * 2));
        List<Fact> facts = Facts(random, count);
        string[] sentences = Place(random, facts, characters, out int[] places);
        string text = Layout.Write(random, sentences);
        var asked = new List<RecallQuestion>();
        int[] order = [.. Enumerable.Range(0, facts.Count)];
        random.Shuffle(order);
        foreach (int chosen in order.Take(questions))
        {
            Fact fact = facts[chosen];
            bool isMissing = random.Next(10) == 0;
            if (isMissing) fact = Missing(random, facts);
            (string first, string second) = fact.Attribute.Questions;
            string question = Format(random.Next(2) == 0 ? first : second, fact.Subject, string.Empty);
            asked.Add(new RecallQuestion(question, isMissing ? NotThere : Capitalised(fact.Value) + ".", isMissing ? -1 : places[chosen] / (double)Math.Max(1, sentences.Length - 1), isMissing ? null : sentences[places[chosen]]));
        }

        return new RecallDocument(text, asked);
    }

    private sealed record Fact(string Subject, int Kind, Attribute Attribute, string Value);

    private static List<Fact> Facts(Random random, int count)
    {
        var facts = new List<Fact>();
        while (facts.Count < count)
        {
            // Several facts about one subject, and one kind of fact about several: what is asked for has company.
            Fact fact = New(random, facts);
            if (!Holds(facts, fact)) facts.Add(fact);
        }

        return facts;
    }

    // Something about a subject of the document, half the time, or about another.
    private static Fact New(Random random, List<Fact> facts)
    {
        (string? subject, int kind) = (null, Subjects.Kind(random));
        if (facts.Count > 0 && random.Next(2) == 0)
        {
            Fact other = facts[random.Next(facts.Count)];
            (subject, kind) = (other.Subject, other.Kind);
        }

        subject ??= Subjects.Name(random, kind, [.. facts.Where(fact => fact.Kind == kind).Select(fact => fact.Subject)]);
        Attribute attribute = Subjects.Kinds[kind][random.Next(Subjects.Kinds[kind].Length)];
        return new Fact(subject, kind, attribute, attribute.Value(random));
    }

    private static Fact Missing(Random random, List<Fact> facts)
    {
        while (true)
        {
            Fact fact = New(random, facts);
            if (!Holds(facts, fact)) return fact;
        }
    }

    private static bool Holds(List<Fact> facts, Fact other) => facts.Exists(fact => fact.Subject == other.Subject && fact.Attribute == other.Attribute);

    private static string[] Place(Random random, List<Fact> facts, int characters, out int[] places)
    {
        var sentences = new List<(string Text, int Fact)>();
        int length = 0;
        for (int i = 0; i < facts.Count; i++)
        {
            (string first, string second) = facts[i].Attribute.Facts;
            string sentence = Format(random.Next(2) == 0 ? first : second, facts[i].Subject, facts[i].Value);
            sentences.Add((Capitalised(sentence), i));
            length += sentence.Length + 1;
        }

        while (length < characters)
        {
            string sentence = Filler(random);
            sentences.Add((sentence, -1));
            length += sentence.Length + 1;
        }

        (string Text, int Fact)[] shuffled = [.. sentences];
        random.Shuffle(shuffled);
        places = new int[facts.Count];
        for (int i = 0; i < shuffled.Length; i++)
        {
            if (shuffled[i].Fact >= 0) places[shuffled[i].Fact] = i;
        }

        return [.. shuffled.Select(sentence => sentence.Text)];
    }

    private static string Filler(Random random)
    {
        string Noun() => $"the {Words.Pick(random, Words.Adjectives)} {Words.Pick(random, Words.Nouns)}";
        string sentence = random.Next(4) switch
        {
            0 => $"{Noun()} {Words.Pick(random, Words.Verbs)} {Noun()}.",
            1 => $"{Words.Pick(random, Words.Openings)}{Noun()} {Words.Pick(random, Words.Verbs)} {Noun()}.",
            2 => $"{Noun()} was {Words.Pick(random, Words.Adjectives)} and {Words.Pick(random, Words.Adjectives)}.",
            _ => $"nobody {Words.Pick(random, Words.Verbs)} {Noun()} in the {Words.Pick(random, Words.Nouns)}.",
        };
        return Capitalised(sentence);
    }

    private static string Format(string pattern, string subject, string value) =>
        Words.WithArticles(string.Format(CultureInfo.InvariantCulture, CompositeFormat.Parse(pattern), subject, value));

    private static string Capitalised(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
