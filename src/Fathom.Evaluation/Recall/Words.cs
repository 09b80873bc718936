namespace Fathom.Evaluation.Recall;

/// <summary>The words that generated documents are made of. All of them were written for Fathom.</summary>
internal static class Words
{
    public static readonly string[] FirstNames = Split("Anna Boris Clara David Elena Felix Greta Hugo Irene Jonas Karin Leo Mara Nils Olga Peter Quinn Rosa Simon Tara Ulrich Vera Walter Xenia Yusuf Zoe Amir Bella Carlos Dora Emil Farah Georg Hanna Ivan Julia Karl Lena Marco Nora Oskar Paula Rafael Sara Theo Una Viktor Wanda Yara Arthur Beatrice Conrad Diana Edgar Flora Gustav Helena Isaac Judith Kurt Louise Martin Nadia Otto Petra Roland Sonja Thomas Ursula Vincent");

    public static readonly string[] LastNames = Split("Adler Becker Costa Dunn Eriksen Fischer Garcia Holm Iverson Jansen Keller Lindt Moreau Novak Olsen Petrov Quist Rossi Sato Turner Ulman Varga Weber Yilmaz Ziegler Ames Brandt Clarke Dietrich Engel Falk Grant Hoffman Ingram Jung Kovacs Lange Marsh Nolan Ortega Palmer Reyes Stein Tanaka Unger Vogel Wolf York Zeller Barnes Carver Doyle Ellis Frost Glover Hayes");

    public static readonly string[] Cities = Split("Paris Oslo Lima Cairo Tokyo Rome Berlin Madrid Vienna Prague Dublin Athens Lisbon Warsaw Geneva Boston Dallas Denver Havana Nairobi Seoul Sydney Delhi Kyoto Milan Turin Bergen Lyon Basel Bremen Porto Krakow Tunis Quito Bogota Hanoi Osaka Perth Leeds York Bath Galway Malaga Verona");

    public static readonly string[] Colours = Split("red blue green yellow black white brown orange purple pink grey silver golden violet scarlet turquoise crimson ivory");

    public static readonly string[] Animals = Split("dog cat horse rabbit parrot turtle goat hamster canary donkey pony lizard ferret goose duck pigeon sheep llama");

    public static readonly string[] Jobs = Split("teacher doctor baker farmer pilot lawyer painter sailor tailor miner nurse judge writer singer gardener plumber butcher carpenter librarian engineer");

    public static readonly string[] Foods = Split("bread soup rice fish cheese apples pasta honey beans potatoes cake tomatoes onions mushrooms pears cherries noodles pancakes");

    public static readonly string[] Objects = Split("key lamp letter ring clock map coin book knife watch camera violin basket mirror hammer candle bottle blanket painting umbrella compass necklace suitcase notebook");

    public static readonly string[] Places = Split("kitchen garden attic cellar library garage office barn chapel tower stable workshop hallway bedroom balcony pantry courtyard greenhouse");

    public static readonly string[] Adjectives = Split("old small quiet long bright cold heavy narrow gentle broken distant plain early dusty warm empty careful strange simple wide late calm rough steady");

    public static readonly string[] Nouns = Split("river road house window morning field bridge village wind market train door wall winter story table street forest harbour cloud valley mountain summer evening station roof fence path lake mill");

    public static readonly string[] Verbs = Split("crossed followed reached watched left passed found remembered kept covered filled touched met opened closed waited_for looked_at walked_to came_from went_past");

    public static readonly string[] Openings = Split("Then_ Later_ After_that,_ In_the_meantime,_ Once_again,_ By_noon,_ As_always,_ For_a_while,_ Nobody_knew_why,_but_ It_was_said_that_ Before_dark,_ On_that_day,_ Far_away,_");

    public static readonly string[] Ships = Split("Albatross Aurora Bluebell Challenger Comet Condor Cygnet Discovery Dolphin Endeavour Esmeralda Falcon Fortuna Gannet Griffin Halcyon Heron Hesperus Jupiter Kestrel Kingfisher Lapwing Leviathan Lodestar Mermaid Mercury Neptune Nightingale Osprey Pegasus Penguin Pioneer Poseidon Providence Seagull Swallow Tempest Triton Valiant Wanderer");

    /// <summary>Draws a word.</summary>
    public static string Pick(Random random, string[] words) => words[random.Next(words.Length)];

    /// <summary>Puts "an" for "a" before vowels.</summary>
    public static string WithArticles(string text)
    {
        foreach (char vowel in "aeiou") text = text.Replace($" a {vowel}", $" an {vowel}", StringComparison.Ordinal);
        return text;
    }

    private static string[] Split(string words) => [.. words.Split(' ').Select(word => word.Replace('_', ' '))];
}
