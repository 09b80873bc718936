namespace Fathom.Server.Access;

/// <summary>Counts what a key used in the last minute. Safe for use by several threads.</summary>
internal sealed class RateWindow
{
    private static readonly TimeSpan Length = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();
    private readonly Queue<(DateTimeOffset Time, int Amount)> used = [];
    private long total;

    /// <summary>What was used, and when the first of it is forgotten.</summary>
    public (long Used, TimeSpan Reset) Look(DateTimeOffset now)
    {
        lock (gate)
        {
            while (used.TryPeek(out (DateTimeOffset Time, int Amount) oldest) && now - oldest.Time >= Length)
            {
                used.Dequeue();
                total -= oldest.Amount;
            }

            return (total, used.TryPeek(out (DateTimeOffset Time, int) first) ? first.Time + Length - now : TimeSpan.Zero);
        }
    }

    /// <summary>Notes a use.</summary>
    public void Add(DateTimeOffset now, int amount)
    {
        lock (gate)
        {
            used.Enqueue((now, amount));
            total += amount;
        }
    }
}
