using System.Text.Json;
using Fathom.Checkpoints;
using Fathom.Model;
using Fathom.Model.Streaming;

namespace Fathom.Evaluation.Planning;

/// <summary>One way to run a model.</summary>
/// <param name="Name">What it is.</param>
/// <param name="WeightBytes">Bytes of all weights.</param>
/// <param name="Memory">How memory is divided, at most; null when the budget is too small.</param>
/// <param name="ExpectedBytes">Resident memory to expect when sessions are full.</param>
/// <param name="Speed">What to expect; null when the budget is too small, or experts stream and the disk was not measured.</param>
/// <param name="Problem">Why it does not run; null when it does.</param>
/// <param name="Warning">What to know although it runs, without a full stop; null when there is nothing.</param>
/// <param name="IsTooLarge">Whether it needs more than there is and runs all the same, much slower than anybody can say: from mapped weights that do not fit, or by swapping.</param>
public sealed record PlannedWay(string Name, long WeightBytes, MemoryPlan? Memory, long ExpectedBytes, SpeedPrediction? Speed, string? Problem, string? Warning = null, bool IsTooLarge = false);

/// <summary>What this machine can do with a model, and what would change it.</summary>
/// <param name="Config">The architecture.</param>
/// <param name="Machine">What was measured.</param>
/// <param name="FreeBytes">Memory that was free.</param>
/// <param name="MachineBytes">Memory of the machine, or of its container.</param>
/// <param name="ContextTokens">Tokens of a session.</param>
/// <param name="Sessions">Sessions at once.</param>
/// <param name="KeptSessions">Room for kept beginnings, in sessions.</param>
/// <param name="Chosen">What happens as things are.</param>
/// <param name="Alternatives">What to change: fewer bits, shorter contexts, more memory.</param>
public sealed record ModelPlan(V4Config Config, MachineSpeed Machine, long FreeBytes, long MachineBytes, int ContextTokens, int Sessions, int KeptSessions, PlannedWay Chosen, IReadOnlyList<PlannedWay> Alternatives)
{
    // Bits of a weight in the block formats that 'fathom quantize' writes.
    private static readonly (string Name, double Bits)[] SmallFormats = [("Q2_K", 2.625), ("IQ2_XXS", 2.0625)];

    /// <summary>What the model is to run for, such as <c>serve</c>; null when nobody said.</summary>
    public string? Use { get; init; }

    /// <summary>Compares ways to run a model.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="stored">Its weights.</param>
    /// <param name="machine">What was measured here.</param>
    /// <param name="budget">Bytes of memory in all; null for what is chosen when nobody says.</param>
    /// <param name="reserve">Sessions and their length.</param>
    /// <param name="routing">Which experts are needed how often; null takes all alike.</param>
    /// <param name="available">Free bytes; null to look.</param>
    /// <param name="total">Bytes of the machine; null to look.</param>
    public static ModelPlan For(V4Config config, StoredBytes stored, MachineSpeed machine, long? budget, MemoryReserve reserve, RoutingSample? routing = null, long? available = null, long? total = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(stored);
        ArgumentNullException.ThrowIfNull(reserve);
        var room = new MemoryRoom(available ?? MachineMemory.AvailableBytes, total ?? MachineMemory.TotalBytes);
        int context = Math.Min(config.MaxPositions, reserve.ContextTokens ?? MemoryReserve.StandardContext);
        reserve = reserve with { ContextTokens = context };

        PlannedWay Way(string name, StoredBytes weights, long? memory, MemoryReserve asked, MemoryRoom? within)
        {
            try
            {
                MemoryPlan plan = MachineMemory.Divide(config, weights.Sizes, memory, room.FreeBytes, asked);
                bool isTooLarge = within?.IsTooSmallFor(plan) ?? false;
                return new PlannedWay(name, weights.Sizes.TotalBytes, plan, Expected(plan, machine), isTooLarge ? null : SpeedPrediction.For(config, weights, plan, machine, context, routing), null, within?.WarningOf(plan), isTooLarge);
            }
            catch (ArgumentException exception)
            {
                return new PlannedWay(name, weights.Sizes.TotalBytes, null, 0, null, exception.Message);
            }
        }

        PlannedWay chosen = Way("as it is", stored, budget, reserve, room);
        var others = new List<PlannedWay>();
        if (chosen.Memory is not { IsStreaming: false } || chosen.IsTooLarge)
        {
            if (context > ShortContext) others.Add(Way($"a context of {ShortContext:n0} tokens", stored, budget, reserve with { ContextTokens = ShortContext }, room));
            foreach ((string name, double bits) in SmallFormats.Where(format => format.Bits < 0.95 * OfficialBits * stored.ExpertShare))
                others.Add(Way($"experts as {name}", stored.WithExperts(bits), budget, reserve, room));
            var whole = MemoryPlan.For(config, stored.Sizes, budget: null, reserve);
            others.Add(Way($"{MemorySize.Format(whole.TotalBytes, isRoundedUp: true)} of memory", stored, whole.TotalBytes, reserve, within: null));
        }

        return new ModelPlan(config, machine, room.FreeBytes, room.MachineBytes, context, reserve.Sessions, reserve.KeptSessions, chosen, others);
    }

    /// <summary>The plan as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ReportJson.Format);

    // The scratch that was measured in place of the most that it can be, and a program without an answer's worth of garbage.
    private static long Expected(MemoryPlan plan, MachineSpeed machine) =>
        UsualProgramBytes + plan.ResidentWeightBytes + plan.CacheBytes + (machine.Layers.WorkspaceBytes * plan.Rows / machine.Layers.Rows) + plan.ArenaBytes;

    private const long UsualProgramBytes = 72L << 20;
    private const int ShortContext = 8192;
    private const double OfficialBits = StoredBytes.OfficialExpertBits;
}
