using Fathom.Checkpoints;
using Fathom.Model.Streaming;

namespace Fathom.Evaluation.Planning;

/// <summary>
/// What speed to expect of a model under a memory plan: layer times that were measured, stored bytes, and the disk where experts stream. Without a sample routing is taken as even, so that the
/// arena holds an expert with the probability slots / experts; real routing prefers some experts, and streams less.
/// </summary>
public sealed record SpeedPrediction
{
    /// <summary>Tokens per second, one after the other.</summary>
    public double DecodeTokensPerSecond => 1 / DecodeSeconds;

    /// <summary>Tokens per second of a prompt of one chunk.</summary>
    public double PrefillTokensPerSecond => PrefillRows / PrefillSeconds;

    /// <summary>Seconds of a decoded token.</summary>
    public double DecodeSeconds { get; private init; }

    /// <summary>Seconds of that if no expert came from disk.</summary>
    public double DecodeComputeSeconds { get; private init; }

    /// <summary>Bytes of experts that a decoded token reads from disk.</summary>
    public double DecodeDiskBytes { get; private init; }

    /// <summary>Share of a token's experts that are in memory, 0 to 1.</summary>
    public double ShareHeld { get; private init; }

    /// <summary>Rows of the chunk.</summary>
    public int PrefillRows { get; private init; }

    /// <summary>Seconds of the chunk.</summary>
    public double PrefillSeconds { get; private init; }

    /// <summary>Bytes of experts that the chunk reads from disk.</summary>
    public double PrefillDiskBytes { get; private init; }

    /// <summary>Whether a decoded token waits for the disk longer than it computes.</summary>
    public bool WaitsForDisk => DecodeSeconds > 2 * DecodeComputeSeconds;

    /// <summary>Predicts.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="stored">Its weights.</param>
    /// <param name="plan">Where they are.</param>
    /// <param name="machine">What was measured here, for this architecture.</param>
    /// <param name="depth">Tokens before the decoded one.</param>
    /// <param name="routing">Which experts are needed how often; null takes all alike.</param>
    /// <returns>The prediction; null when experts stream and the disk's speed is unknown.</returns>
    public static SpeedPrediction? For(V4Config config, StoredBytes stored, MemoryPlan plan, MachineSpeed machine, int depth, RoutingSample? routing = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(stored);
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(machine);
        if (plan.IsStreaming && machine.Disk is null) return null;

        int rows = machine.Layers.Rows;
        double perLayer = LayerProbe.ExpectedExperts(config, rows), decode = stored.HeadBytes / machine.MemoryBytesPerSecond, prefill = decode, experts = 0, prefillExperts = 0;
        for (int i = 0; i < config.LayerCount; i++)
        {
            LayerKind kind = config.KindOf(i);
            LayerTime time = machine.Layers.Kinds[kind];
            double products = time.Decode - time.DecodePick - time.DecodeAttend;
            decode += (products * stored.DenseShare / machine.Layers.DenseShare) + (time.DecodePick * PickGrowth(machine.Layers.Depth, depth)) + (time.DecodeAttend * AttendGrowth(config, kind, machine.Layers.Depth, depth));
            experts += config.ExpertsPerToken * time.DecodeExpert * stored.ExpertShare;
            prefill += time.Prefill;
            prefillExperts += perLayer * time.PrefillExpert;
        }

        double held = !plan.IsStreaming ? 1 : routing?.ShareHeld(plan.Slots) ?? ((double)plan.Slots / stored.Sizes.ExpertCount), missing = 1 - held, expertBytes = (double)stored.Sizes.ExpertBytes / stored.Sizes.ExpertCount;
        double decodeBytes = missing * config.LayerCount * config.ExpertsPerToken * expertBytes, prefillBytes = missing * (routing?.ExpertsOf(rows) ?? (config.LayerCount * perLayer)) * expertBytes;
        double Together(double seconds, double bytes) => bytes > 0 ? machine.Disk!.Together(seconds, bytes) : seconds;
        return new SpeedPrediction
        {
            // Which experts a layer needs is known after its router, so that reads overlap with experts; what is read ahead is little, and not counted.
            DecodeSeconds = decode + Together(experts, decodeBytes),
            DecodeComputeSeconds = decode + experts,
            ShareHeld = held,
            DecodeDiskBytes = decodeBytes,
            PrefillRows = rows,
            PrefillSeconds = prefill + Together(prefillExperts, prefillBytes),
            PrefillDiskBytes = prefillBytes,
        };
    }

    private static double PickGrowth(int measured, int depth) => Math.Max(1, (double)depth / measured);

    // CSA reads a window and the picked entries, HCA a window and all entries.
    private static double AttendGrowth(V4Config config, LayerKind kind, int measured, int depth)
    {
        double Keys(int tokens) => Math.Min(config.Window, tokens) + kind switch
        {
            LayerKind.Csa => Math.Min(config.IndexTopK, tokens / V4Config.CsaRatio),
            LayerKind.Hca => tokens / 128,
            _ => 0,
        };
        return Keys(depth) / Math.Max(1, Keys(measured));
    }
}
