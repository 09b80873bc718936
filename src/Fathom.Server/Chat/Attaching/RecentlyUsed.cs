namespace Fathom.Server.Chat.Attaching;

/// <summary>Keeps what was used last, up to a weight. What is kept never changes, so several may use it at once.</summary>
/// <param name="most">The weight; the newest is kept whatever it weighs.</param>
internal sealed class RecentlyUsed<T>(long most)
    where T : class
{
    private readonly Lock turn = new();
    private readonly LinkedList<(string Key, T Value, long Weight)> order = [];
    private readonly Dictionary<string, LinkedListNode<(string Key, T Value, long Weight)>> byKey = [];
    private long weight;

    /// <summary>What was kept under a key, or what is made now.</summary>
    public T Get(string key, Func<T> make, Func<T, long> weigh)
    {
        lock (turn)
        {
            if (byKey.TryGetValue(key, out LinkedListNode<(string Key, T Value, long Weight)>? known))
            {
                order.Remove(known);
                order.AddFirst(known);
                return known.Value.Value;
            }
        }

        // Made outside of the lock, because it takes long; two may make the same.
        T made = make();
        long own = weigh(made);
        lock (turn)
        {
            if (byKey.ContainsKey(key)) return made;
            byKey[key] = order.AddFirst((key, made, own));
            weight += own;
            while (weight > most && order.Count > 1)
            {
                weight -= order.Last!.Value.Weight;
                byKey.Remove(order.Last.Value.Key);
                order.RemoveLast();
            }
        }

        return made;
    }
}
