namespace Fathom.Documents.Sources;

/// <summary>The words of a question or statement: those that stand in the documents by their id, the others as text, each with its weight.</summary>
internal sealed record WeightedWords(Dictionary<int, double> Known, Dictionary<string, double> Unknown)
{
    /// <summary>The weight of all words.</summary>
    public double Total { get; } = Known.Values.Sum() + Unknown.Values.Sum();

    /// <summary>The share of the weight that is present.</summary>
    /// <param name="presence">For each word id 0 to 1: how far it is there.</param>
    public double Share(double[] presence) => Known.Sum(word => word.Value * presence[word.Key]) / Total;

    /// <summary>These words without those of others.</summary>
    public WeightedWords Without(WeightedWords others) =>
        new(Known.Where(word => !others.Known.ContainsKey(word.Key)).ToDictionary(), Unknown.Where(word => !others.Unknown.ContainsKey(word.Key)).ToDictionary());
}
