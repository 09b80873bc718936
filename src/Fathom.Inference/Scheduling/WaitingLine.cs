namespace Fathom.Inference.Scheduling;

/// <summary>Requests that wait. The client with the fewest answers in the making comes next; among equals, who came first.</summary>
internal sealed class WaitingLine
{
    private readonly LinkedList<Generation> waiting = [];

    /// <summary>How many wait.</summary>
    public int Count => waiting.Count;

    /// <summary>Puts a request at the end.</summary>
    public void Add(Generation generation) => waiting.AddLast(generation);

    /// <summary>The requests in the order in which they should be looked at.</summary>
    /// <param name="running">Answers in the making.</param>
    public IEnumerable<Generation> InOrder(IReadOnlyCollection<Generation> running)
    {
        Dictionary<string, int> busy = running.CountBy(generation => generation.Prompt.Client).ToDictionary();
        return waiting.OrderBy(generation => busy.GetValueOrDefault(generation.Prompt.Client)).ToList();
    }

    /// <summary>Takes a request out.</summary>
    public void Remove(Generation generation) => waiting.Remove(generation);

    /// <summary>Takes out all that match.</summary>
    public List<Generation> RemoveAll(Func<Generation, bool> matches)
    {
        List<Generation> found = [.. waiting.Where(matches)];
        foreach (Generation generation in found) waiting.Remove(generation);
        return found;
    }
}
