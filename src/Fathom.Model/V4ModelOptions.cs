using Fathom.Compute;
using Fathom.Model.Streaming;

namespace Fathom.Model;

/// <summary>How a checkpoint is run.</summary>
public sealed record V4ModelOptions
{
    /// <summary>Where activations are rounded; <see cref="NumericProfile.Fast"/> by default.</summary>
    public NumericProfile Profile { get; init; } = NumericProfile.Fast;

    /// <summary>Threads; null takes as many as a short measurement finds best on this machine (<see cref="Fathom.Compute.Workers.ThreadMeasurement"/>). Results do not depend on it.</summary>
    public int? Workers { get; init; }

    /// <summary>Rows of one forward at most; null for 1,024, or for what suits the memory budget. Longer prompts are fed in several forwards; memory for a forward grows with it.</summary>
    public int? MaxBatchRows { get; init; }

    /// <summary>Bytes of memory that the program may take in all; null for what <see cref="MachineMemory.StandardPlan"/> chooses, <see cref="long.MaxValue"/> for no limit (all weights mapped). When the model does not fit, routed experts are read from disk as they are needed.</summary>
    public long? MemoryBudget { get; init; }

    /// <summary>Free bytes to go by when there is no budget; null to look. For tests, which must not depend on the machine.</summary>
    internal long? AvailableBytes { get; init; }

    /// <summary>What a memory budget leaves room for beside the weights.</summary>
    public MemoryReserve Reserve { get; init; } = new();

    /// <summary>Whether streaming begins to read experts that the next layer will probably need; results do not depend on it.</summary>
    public bool ReadsExpectedExperts { get; init; } = true;

    /// <summary>How sessions store compressed entries; 32-bit floats by default.</summary>
    public CacheStorage CacheStorage { get; init; }

    /// <summary>Leaves compressed entries out of attention, so that a layer sees its window only: what the model is worth without its long memory. For measurements.</summary>
    public bool WindowOnly { get; init; }

    /// <summary>Wraps the device that computes, such as in a <see cref="TimedDevice"/>; null takes it as it is.</summary>
    public Func<IDevice, IDevice>? WrapDevice { get; init; }
}
