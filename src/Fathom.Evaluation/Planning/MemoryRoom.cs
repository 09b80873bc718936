using Fathom.Model.Streaming;

namespace Fathom.Evaluation.Planning;

/// <summary>The memory that there is, and what a plan that takes more of it comes to.</summary>
/// <param name="FreeBytes">Bytes that are free now.</param>
/// <param name="MachineBytes">Bytes of the machine, or of its container.</param>
internal sealed record MemoryRoom(long FreeBytes, long MachineBytes)
{
    /// <summary>Whether a plan can only run by swapping, or from mapped weights that do not fit.</summary>
    public bool IsTooSmallFor(MemoryPlan plan) => plan.TotalBytes > (plan.Budget is null ? FreeBytes : MachineBytes);

    /// <summary>What to know about a plan here, without a full stop; null when there is nothing.</summary>
    public string? WarningOf(MemoryPlan plan)
    {
        if (plan.Budget is null) return IsTooSmallFor(plan) ? $"{Room(plan)}{Advice(plan)}" : null;
        string? excess = plan.Budget > MachineBytes ? $"the budget of {MemorySize.Format(plan.Budget.Value)} is more than the {MemorySize.Format(MachineBytes)} of memory that this machine has"
            : plan.Budget > FreeBytes ? $"the budget of {MemorySize.Format(plan.Budget.Value)} is more than the {MemorySize.Format(FreeBytes)} that are free now"
            : null;
        if (excess is null) return null;
        string takes = $"{excess}; this model takes up to {MemorySize.Format(plan.TotalBytes)}";
        if (plan.TotalBytes <= FreeBytes) return $"{takes}, which is free";
        if (!IsTooSmallFor(plan)) return $"{takes}, which other programs would have to give back first";
        return plan.IsStreaming ? $"{takes}: the system would swap, or end the program; give a smaller --memory" : $"{takes}: weights that find no room are read again and again, which is very slow; give a smaller --memory";
    }

    // Without a budget nothing refuses to run: the plan is the one for weights that all stay mapped.
    private string Room(MemoryPlan plan) => $"all of it takes {MemorySize.Format(plan.TotalBytes)}, streaming {MemorySize.Format(plan.LeastBytes, isRoundedUp: true)} at least, and without --memory no more than 85 % of the {MemorySize.Format(FreeBytes)} that are free would be taken";

    private string Advice(MemoryPlan plan) => plan.LeastBytes <= FreeBytes ? $"; with --memory {MemorySize.Format(plan.LeastBytes, isRoundedUp: true).Replace(" ", string.Empty, StringComparison.Ordinal)} it would stream" : string.Empty;
}
