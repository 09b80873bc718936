namespace Fathom.Model.Streaming;

/// <summary>
/// What each expert is worth keeping: how many rows were routed to it, older rows counting half after every half-life. A layer's time goes on with the rows that passed it, so that all layers
/// compare fairly while a forward is on its way through them.
/// </summary>
internal sealed class ExpertValues
{
    /// <summary>Rows after which an old one counts half.</summary>
    public const double StandardHalfLife = 512;

    // Of two experts that are used alike, the one whose layer comes later again is worth a little less.
    private const double WaitWeight = 0.5;

    // log₂ of a count that is as good as none.
    private const double Unused = -100;

    private readonly double halfLife;
    private readonly int expertsPerLayer;

    // log₂ of the decayed count, as it would be at time 0: it changes at uses only.
    private readonly double[] counts;
    private readonly long[] times;

    public ExpertValues(int layers, int expertsPerLayer, double halfLife = StandardHalfLife)
    {
        this.halfLife = halfLife;
        this.expertsPerLayer = expertsPerLayer;
        counts = new double[layers * expertsPerLayer];
        Array.Fill(counts, double.NegativeInfinity);
        times = new long[layers];
    }

    /// <summary>Rows pass a layer.</summary>
    public void Advance(int layer, int rows) => times[layer] += rows;

    /// <summary>Rows were routed to an expert, now.</summary>
    /// <param name="id">layer · experts + expert.</param>
    /// <param name="rows">How many.</param>
    public void Use(int id, int rows)
    {
        double now = times[id / expertsPerLayer] / halfLife;
        counts[id] = Math.Log2(Math.Pow(2, counts[id] - now) + rows) + now;
    }

    /// <summary>What keeping an expert is worth, on a scale of log₂ of its decayed count.</summary>
    /// <param name="id">layer · experts + expert.</param>
    /// <param name="currentLayer">The layer that a forward has come to.</param>
    public double Of(int id, int currentLayer)
    {
        int layer = id / expertsPerLayer, layers = times.Length;
        double wait = (double)((layer - currentLayer - 1 + layers) % layers) / layers;
        return Math.Max(Unused, counts[id] - (times[layer] / halfLife)) - (WaitWeight * wait);
    }
}
