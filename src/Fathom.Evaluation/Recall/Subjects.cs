using System.Globalization;

namespace Fathom.Evaluation.Recall;

/// <summary>Something that can be told about a subject, in two wordings, and two ways to ask for it. {0} is the subject, {1} the value.</summary>
/// <param name="Facts">Sentences that tell it.</param>
/// <param name="Questions">Questions about it.</param>
/// <param name="Values">What the value may be; null for a number.</param>
internal sealed record Attribute((string First, string Second) Facts, (string First, string Second) Questions, string[]? Values)
{
    /// <summary>The lowest and highest number, where the value is one.</summary>
    public (int Least, int Most) Numbers { get; init; }

    /// <summary>Draws a value.</summary>
    public string Value(Random random) => Values is null ? random.Next(Numbers.Least, Numbers.Most + 1).ToString(CultureInfo.InvariantCulture) : Words.Pick(random, Values);
}

/// <summary>What generated documents are about: people, ships and boxes.</summary>
internal static class Subjects
{
    /// <summary>The attributes of all kinds of subjects.</summary>
    public static readonly Attribute[][] Kinds =
    [
        [
            new(("{0} lives in {1}.", "The home of {0} is in {1}."), ("Where does {0} live?", "In which city does {0} live?"), Words.Cities),
            new(("{0} works as a {1}.", "By trade {0} is a {1}."), ("What is the job of {0}?", "What does {0} work as?"), Words.Jobs),
            new(("{0} owns a {1}.", "There is a {1} that belongs to {0}."), ("Which animal does {0} own?", "What animal belongs to {0}?"), Words.Animals),
            new(("The favourite colour of {0} is {1}.", "{0} likes the colour {1} best."), ("What is the favourite colour of {0}?", "Which colour does {0} like best?"), Words.Colours),
            new(("For dinner {0} always eats {1}.", "{0} is very fond of {1}."), ("What does {0} like to eat?", "Which food is {0} fond of?"), Words.Foods),
            new(("The code of {0} is {1}.", "{0} uses the code {1}."), ("What is the code of {0}?", "Which code does {0} use?"), null) { Numbers = (1_000, 9_999) },
            new(("{0} left the {1} there.", "The {1} was lost by {0}."), ("What did {0} leave or lose?", "Which thing did {0} lose?"), Words.Objects),
            new(("{0} was last seen in the {1}.", "They found {0} in the {1}."), ("Where was {0} last seen?", "In which place was {0} found?"), Words.Places),
        ],
        [
            new(("{0} sails to {1}.", "The next port of {0} is {1}."), ("Where does {0} sail to?", "What is the next port of {0}?"), Words.Cities),
            new(("{0} carries {1}.", "There is {1} in the hold of {0}."), ("What does {0} carry?", "What is in the hold of {0}?"), Words.Foods),
            new(("The hull of {0} is {1}.", "{0} is painted {1}."), ("What colour is the hull of {0}?", "In which colour is {0} painted?"), Words.Colours),
            new(("{0} was built in {1}.", "They launched {0} in {1}."), ("In which year was {0} built?", "When was {0} launched?"), null) { Numbers = (1_700, 2_020) },
        ],
        [
            new(("{0} holds a {1}.", "There is a {1} in {0}."), ("What does {0} hold?", "What is in {0}?"), Words.Objects),
            new(("{0} stands in the {1}.", "They put {0} into the {1}."), ("Where does {0} stand?", "Where did they put {0}?"), Words.Places),
            new(("{0} belongs to the {1}.", "The owner of {0} is the {1}."), ("To whom does {0} belong?", "Who is the owner of {0}?"), Words.Jobs),
            new(("The label of {0} is {1}.", "{0} has a label in {1}."), ("What colour is the label of {0}?", "Which colour has the label of {0}?"), Words.Colours),
        ],
    ];

    /// <summary>Draws a kind; every second subject is a person.</summary>
    public static int Kind(Random random) => Math.Max(0, random.Next(4) - 1);

    /// <summary>Draws a name. A share of people has the first or last name of somebody in <paramref name="others"/>.</summary>
    public static string Name(Random random, int kind, IReadOnlyList<string> others) => kind switch
    {
        0 => Person(random, others),
        1 => $"the {Words.Pick(random, Words.Ships)}",
        _ => $"box {random.Next(1, 1_000).ToString(CultureInfo.InvariantCulture)}",
    };

    private static string Person(Random random, IReadOnlyList<string> others)
    {
        string first = Words.Pick(random, Words.FirstNames), last = Words.Pick(random, Words.LastNames);
        if (others.Count == 0 || random.Next(4) > 0) return $"{first} {last}";
        string[] namesake = others[random.Next(others.Count)].Split(' ');
        return random.Next(2) == 0 ? $"{namesake[0]} {last}" : $"{first} {namesake[1]}";
    }
}
