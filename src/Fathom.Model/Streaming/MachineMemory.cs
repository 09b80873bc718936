using System.Globalization;
using Fathom.Checkpoints;

namespace Fathom.Model.Streaming;

/// <summary>The memory of this machine, and how much of it a model takes when nobody says.</summary>
public static class MachineMemory
{
    // Shares of what is free: below the first everything stays in memory; otherwise the second is the budget, so that other programs go on.
    private const double FitsShare = 0.9, BudgetShare = 0.85;

    /// <summary>Bytes that this process could ever have: the machine's, or the limit of its container.</summary>
    public static long TotalBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>Bytes that are free now, what the system only keeps as copies of files included. Where the system does not say (all but Linux), nine tenths of all.</summary>
    public static long AvailableBytes => Math.Min(TotalBytes, AvailableOnLinux() ?? (long)(TotalBytes * 0.9));

    /// <summary>Divides memory as <see cref="V4ModelOptions.MemoryBudget"/> says.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="sizes">Its weights.</param>
    /// <param name="budget">Bytes in all; null for what <see cref="StandardPlan"/> chooses, <see cref="long.MaxValue"/> for no limit.</param>
    /// <param name="available">Free bytes; null to look.</param>
    /// <param name="reserve">Room for caches; null for one session of the standard length.</param>
    /// <param name="rows">Rows of a forward at most; null to choose.</param>
    /// <exception cref="ArgumentException">The budget is too small; the message says the least that works.</exception>
    public static MemoryPlan Divide(V4Config config, WeightSizes sizes, long? budget, long? available = null, MemoryReserve? reserve = null, int? rows = null) => budget switch
    {
        null => StandardPlan(config, sizes, available, reserve, rows),
        long.MaxValue => MemoryPlan.For(config, sizes, budget: null, reserve, rows),
        _ => MemoryPlan.For(config, sizes, budget, reserve, rows),
    };

    /// <summary>Divides memory when no budget was given: everything in memory when it fits into what is free, else the larger part of that as a budget. A model that not even this is enough for stays mapped.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="sizes">Its weights.</param>
    /// <param name="available">Free bytes; null to look.</param>
    /// <param name="reserve">Room for caches; null for one session of the standard length.</param>
    /// <param name="rows">Rows of a forward at most; null to choose.</param>
    public static MemoryPlan StandardPlan(V4Config config, WeightSizes sizes, long? available = null, MemoryReserve? reserve = null, int? rows = null)
    {
        reserve ??= new MemoryReserve();
        var whole = MemoryPlan.For(config, sizes, budget: null, reserve, rows);
        long free = available ?? AvailableBytes;

        // Without a budget sessions may grow to all of the model's positions, but need not.
        var usual = MemoryPlan.For(config, sizes, budget: null, reserve with { ContextTokens = reserve.ContextTokens ?? MemoryReserve.StandardContext }, rows);
        if (usual.TotalBytes <= free * FitsShare) return whole;
        long budget = (long)(free * BudgetShare);
        return budget < usual.LeastBytes ? whole : MemoryPlan.For(config, sizes, budget, reserve, rows);
    }

    /// <summary>Budgets of models that are in memory together: each gets at least what it runs in; what is left is divided evenly, as far as they can use it.</summary>
    /// <param name="whole">What each takes with everything in memory (<see cref="MemoryPlan.For"/> without a budget, for a context).</param>
    /// <param name="budget">Bytes for all together; null for what is free, as in <see cref="StandardPlan"/>.</param>
    /// <param name="available">Free bytes; null to look.</param>
    /// <returns>For each its <see cref="V4ModelOptions.MemoryBudget"/>: <see cref="long.MaxValue"/> where nobody gave a budget and all fit, or not even the least is free.</returns>
    /// <exception cref="ArgumentException">The budget is too small; the message says the least that works.</exception>
    public static long[] DivideAmong(IReadOnlyList<MemoryPlan> whole, long? budget, long? available = null)
    {
        ArgumentNullException.ThrowIfNull(whole);
        long all = whole.Sum(plan => plan.TotalBytes), least = whole.Sum(plan => plan.LeastBytes);
        long[] unlimited = [.. whole.Select(_ => long.MaxValue)];
        if (budget is null)
        {
            long free = available ?? AvailableBytes;
            budget = (long)(free * BudgetShare);
            if (all <= free * FitsShare || budget < least) return unlimited;
        }

        if (budget < least)
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture, $"A memory budget of {MemorySize.Format(budget.Value)} is too small for {whole.Count} models at once: {MemorySize.Format(least, isRoundedUp: true)} is the least that works; give more, or lower the context ({whole.Max(plan => plan.ContextTokens):n0} tokens)."));
        }

        // Who needs little beyond the least is served first, so that the others share what it leaves.
        var shares = new long[whole.Count];
        long left = budget.Value - least;
        int waiting = whole.Count;
        foreach (int i in Enumerable.Range(0, whole.Count).OrderBy(i => whole[i].TotalBytes - whole[i].LeastBytes))
        {
            long more = Math.Min(whole[i].TotalBytes - whole[i].LeastBytes, left / waiting--);
            shares[i] = whole[i].LeastBytes + more;
            left -= more;
        }

        return shares;
    }

    private static long? AvailableOnLinux()
    {
        const string key = "MemAvailable:";
        if (!OperatingSystem.IsLinux()) return null;
        try
        {
            string? line = File.ReadLines("/proc/meminfo").FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal));
            return line is not null && long.TryParse(line[key.Length..].Replace("kB", string.Empty, StringComparison.Ordinal).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long kibibytes) ? kibibytes << 10 : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
