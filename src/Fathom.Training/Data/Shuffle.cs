namespace Fathom.Training.Data;

/// <summary>Goes through a list in a new order each time; which item is number n depends on n and the seed only.</summary>
internal sealed class Shuffle(int count, long seed)
{
    private int[] order = [];
    private long round = -1;

    /// <summary>The item that is number <paramref name="number"/>.</summary>
    public int this[long number]
    {
        get
        {
            if (number / count != round)
            {
                round = number / count;
                order = [.. Enumerable.Range(0, count)];
                new Random(unchecked((int)((round * 0x9E3779B1L) + (seed * 31)))).Shuffle(order);
            }

            return order[number % count];
        }
    }
}
