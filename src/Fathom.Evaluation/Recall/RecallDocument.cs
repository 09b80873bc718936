using System.Globalization;
using System.Text;

namespace Fathom.Evaluation.Recall;

/// <summary>A question about a document, its answer, and where in the document the answer stands.</summary>
/// <param name="Question">The question.</param>
/// <param name="Answer">The exact answer.</param>
/// <param name="Depth">Place of the fact, 0 for the beginning to 1 for the end; −1 when the document does not say.</param>
internal sealed record RecallQuestion(string Question, string Answer, double Depth);

/// <summary>
/// A generated document in which facts are hidden among ordinary sentences, with questions about them: several facts
/// about similar things stand beside each other, and some questions ask for what is not there. The same seed and number
/// give the same document.
/// </summary>
internal sealed class RecallDocument
{
    /// <summary>What is answered when the document does not say.</summary>
    public const string NotThere = "The document does not say.";

    private static readonly (string Fact, string OtherFact, string Question, string OtherQuestion, string[] Values)[] Attributes =
    [
        ("{0} lives in {1}.", "The home of {0} is in {1}.", "Where does {0} live?", "In which city does {0} live?", Words.Cities),
        ("{0} works as a {1}.", "By trade {0} is a {1}.", "What is the job of {0}?", "What does {0} work as?", Words.Jobs),
        ("{0} owns a {1}.", "There is a {1} that belongs to {0}.", "Which animal does {0} own?", "What animal belongs to {0}?", Words.Animals),
        ("The favourite colour of {0} is {1}.", "{0} likes the colour {1} best.", "What is the favourite colour of {0}?", "Which colour does {0} like best?", Words.Colours),
        ("For dinner {0} always eats {1}.", "{0} is very fond of {1}.", "What does {0} like to eat?", "Which food is {0} fond of?", Words.Foods),
        ("The code of {0} is {1}.", "{0} uses the code {1}.", "What is the code of {0}?", "Which code does {0} use?", []),
        ("{0} left the {1} there.", "The {1} was lost by {0}.", "What did {0} leave or lose?", "Which thing did {0} lose?", Words.Objects),
        ("{0} was last seen in the {1}.", "They found {0} in the {1}.", "Where was {0} last seen?", "In which place was {0} found?", Words.Places),
    ];

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
    public static RecallDocument Create(long seed, long number, int characters, int questions)
    {
        ulong mixed = unchecked((((ulong)seed * 0x9E3779B97F4A7C15) ^ (ulong)number) * 0x2545F4914F6CDD1D);
        var random = new Random((int)(mixed >> 32));
        int factCount = Math.Clamp(characters / 220, 1, Math.Max(2, questions * 2));
        List<(string Person, int Attribute, string Value)> facts = Facts(random, factCount);
        string[] sentences = Place(random, facts, characters, out int[] places);
        string text = string.Join(' ', sentences);
        var asked = new List<RecallQuestion>();
        int[] order = [.. Enumerable.Range(0, facts.Count)];
        random.Shuffle(order);
        foreach (int fact in order.Take(questions))
        {
            (string person, int attribute, string value) = facts[fact];
            bool isMissing = random.Next(10) == 0;
            if (isMissing) (person, attribute) = Missing(random, facts);
            string question = Format(random.Next(2) == 0 ? Attributes[attribute].Question : Attributes[attribute].OtherQuestion, person, string.Empty);
            asked.Add(new RecallQuestion(question, isMissing ? NotThere : Capitalised(value) + ".", isMissing ? -1 : places[fact] / (double)Math.Max(1, sentences.Length - 1)));
        }

        return new RecallDocument(text, asked);
    }

    private static List<(string Person, int Attribute, string Value)> Facts(Random random, int count)
    {
        var facts = new List<(string, int, string)>();
        var known = new HashSet<(string, int)>();
        var people = new List<string>();
        while (facts.Count < count)
        {
            // Several facts about one person, and one kind of fact about several: what is asked for has company.
            string person = people.Count > 0 && random.Next(2) == 0 ? people[random.Next(people.Count)] : Person(random);
            int attribute = random.Next(Attributes.Length);
            if (!known.Add((person, attribute))) continue;
            people.Add(person);
            string[] values = Attributes[attribute].Values;
            string value = values.Length > 0 ? values[random.Next(values.Length)] : random.Next(1_000, 10_000).ToString(CultureInfo.InvariantCulture);
            facts.Add((person, attribute, value));
        }

        return facts;
    }

    private static (string Person, int Attribute) Missing(Random random, List<(string Person, int Attribute, string Value)> facts)
    {
        while (true)
        {
            // Half the time a person of the document, of whom something else is told.
            string person = random.Next(2) == 0 ? facts[random.Next(facts.Count)].Person : Person(random);
            int attribute = random.Next(Attributes.Length);
            if (!facts.Exists(fact => fact.Person == person && fact.Attribute == attribute)) return (person, attribute);
        }
    }

    private static string[] Place(Random random, List<(string Person, int Attribute, string Value)> facts, int characters, out int[] places)
    {
        var sentences = new List<(string Text, int Fact)>();
        int length = 0;
        for (int i = 0; i < facts.Count; i++)
        {
            (string person, int attribute, string value) = facts[i];
            string sentence = Format(random.Next(2) == 0 ? Attributes[attribute].Fact : Attributes[attribute].OtherFact, person, value);
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
        string Noun() => $"the {Pick(random, Words.Adjectives)} {Pick(random, Words.Nouns)}";
        string sentence = random.Next(4) switch
        {
            0 => $"{Noun()} {Pick(random, Words.Verbs)} {Noun()}.",
            1 => $"{Pick(random, Words.Openings)}{Noun()} {Pick(random, Words.Verbs)} {Noun()}.",
            2 => $"{Noun()} was {Pick(random, Words.Adjectives)} and {Pick(random, Words.Adjectives)}.",
            _ => $"nobody {Pick(random, Words.Verbs)} {Noun()} in the {Pick(random, Words.Nouns)}.",
        };
        return Capitalised(sentence);
    }

    private static string Person(Random random) => $"{Pick(random, Words.FirstNames)} {Pick(random, Words.LastNames)}";

    private static string Pick(Random random, string[] words) => words[random.Next(words.Length)];

    private static string Format(string pattern, string person, string value) => string.Format(CultureInfo.InvariantCulture, CompositeFormat.Parse(pattern), person, value);

    private static string Capitalised(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
