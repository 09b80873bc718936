using Fathom.Model;

namespace Fathom.Evaluation.Predictions;

/// <summary>How a text is read by measurements.</summary>
public sealed record MeasurementOptions
{
    /// <summary>The fewest tokens of a window: one that is known and one that follows.</summary>
    public const int LeastContext = 2;

    /// <summary>Tokens of a window; each begins anew.</summary>
    public int Context { get; init; } = 2048;

    /// <summary>Where activations are rounded.</summary>
    public NumericProfile Profile { get; init; } = NumericProfile.Fast;

    /// <summary>How sessions store what they have read.</summary>
    public CacheStorage Caches { get; init; }

    /// <summary>Threads; null for as many as a short measurement finds best.</summary>
    public int? Workers { get; init; }

    /// <summary>Bytes that everything may take, all models of the measurement together; null for what is free. What does not fit is read from disk as it is needed; results do not depend on it.</summary>
    public long? Memory { get; init; }
}
