using Fathom.Compute;

namespace Fathom.Model;

/// <summary>How a checkpoint is run.</summary>
public sealed record V4ModelOptions
{
    /// <summary>Where activations are rounded; <see cref="NumericProfile.Fast"/> by default.</summary>
    public NumericProfile Profile { get; init; } = NumericProfile.Fast;

    /// <summary>Threads; null takes as many as a short measurement finds best on this machine (<see cref="Fathom.Compute.Workers.ThreadMeasurement"/>). Results do not depend on it.</summary>
    public int? Workers { get; init; }

    /// <summary>Rows of one forward at most, 1,024 by default. Longer prompts are fed in several forwards; memory for a forward grows with it.</summary>
    public int MaxBatchRows { get; init; } = 1024;

    /// <summary>How sessions store compressed entries; 32-bit floats by default.</summary>
    public CacheStorage CacheStorage { get; init; }

    /// <summary>Leaves compressed entries out of attention, so that a layer sees its window only: what the model is worth without its long memory. For measurements.</summary>
    public bool WindowOnly { get; init; }

    /// <summary>Wraps the device that computes, such as in a <see cref="TimedDevice"/>; null takes it as it is.</summary>
    public Func<IDevice, IDevice>? WrapDevice { get; init; }
}
