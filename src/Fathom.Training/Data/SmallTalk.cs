using Fathom.Evaluation.Recall;

namespace Fathom.Training.Data;

/// <summary>Short exchanges without a document: greetings, what the model is, and little stories, so that it writes readable sentences when nothing is asked of it.</summary>
internal static class SmallTalk
{
    private static readonly (string[] Users, string[] Answers)[] Exchanges =
    [
        (["Hello", "Hello!", "Hi", "Hi there", "Good morning", "Good evening", "Hey"], ["Hello. Give me a document and ask me about it.", "Hello. I can answer questions about a document."]),
        (["Who are you?", "What are you?", "What is your name?", "Tell me about yourself."], ["I am Minnow, a very small model. Give me a document and ask me about it."]),
        (["What can you do?", "How can you help me?", "Help", "What do you know?"], ["I find facts in a document. Put the document first and your question after it."]),
        (["Thank you", "Thanks", "Thank you very much.", "Thanks a lot!"], ["You are welcome."]),
        (["Goodbye", "Bye", "See you", "Good night"], ["Goodbye."]),
        (["How are you?", "How do you do?"], ["I am well. What would you like to know?"]),
    ];

    /// <summary>Draws what is said and what is answered.</summary>
    public static (string User, string Answer) Create(Random random)
    {
        if (random.Next(3) == 0)
        {
            (string[] users, string[] answers) = Exchanges[random.Next(Exchanges.Length)];
            return (Words.Pick(random, users), Words.Pick(random, answers));
        }

        string hero = Words.Pick(random, Words.FirstNames), noun = Words.Pick(random, Words.Nouns);
        string request = random.Next(3) switch
        {
            0 => $"Tell me a story about a {noun}.",
            1 => $"Write a short story about a {noun}.",
            _ => $"Please tell me a story about {hero} and a {noun}.",
        };
        return (request, Story(random, hero, noun));
    }

    private static string Story(Random random, string hero, string noun)
    {
        string city = Words.Pick(random, Words.Cities), job = Words.Pick(random, Words.Jobs), animal = Words.Pick(random, Words.Animals), thing = Words.Pick(random, Words.Objects), friend = Words.Pick(random, Words.FirstNames);
        string Mood() => Words.Pick(random, Words.Adjectives);
        string[] beginnings =
        [
            $"Once there lived a {job} in {city} whose name was {hero}.",
            $"Long ago, {hero} lived near {city} and worked as a {job}.",
            $"{hero} was a {job} who came from {city}.",
        ];
        string[] middles =
        [
            $"Every morning {hero} walked to the {Mood()} {noun} with a {animal}.",
            $"One day the {noun} was {Mood()}, and {hero} found a {thing} beside it.",
            $"The {thing} was {Mood()} and {Mood()}, and nobody knew whose it was.",
            $"{hero} asked {friend}, who had seen the {noun} before.",
            $"\"It belongs to the {noun},\" said {friend}.",
            $"They waited by the {noun} until the evening was {Mood()}.",
            $"The {animal} followed them over the {Mood()} {Words.Pick(random, Words.Nouns)}.",
        ];
        string[] ends =
        [
            $"In the end {hero} went home to {city} and kept the {thing}.",
            $"Since then {hero} and {friend} have been friends.",
            $"The {noun} is still there, and it is still {Mood()}.",
        ];
        IEnumerable<string> chosen = middles.Where(_ => random.Next(2) == 0);
        string story = string.Join(' ', [Words.Pick(random, beginnings), .. chosen, Words.Pick(random, ends)]);
        return Words.WithArticles(story);
    }
}
