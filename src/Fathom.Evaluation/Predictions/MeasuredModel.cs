using Fathom.Checkpoints;
using Fathom.Compute;
using Fathom.Model;
using Fathom.Model.Streaming;

namespace Fathom.Evaluation.Predictions;

/// <summary>Opens models for measurements within one budget of memory.</summary>
internal static class MeasuredModel
{
    /// <summary>Opens a model.</summary>
    /// <param name="path">Folder or file.</param>
    /// <param name="options">How.</param>
    /// <param name="otherBytes">Bytes that the measurement itself needs.</param>
    /// <param name="wrap">As <see cref="V4ModelOptions.WrapDevice"/>.</param>
    /// <exception cref="ArgumentException">The windows are too long, or there is too little memory.</exception>
    public static V4Model Open(string path, MeasurementOptions options, Func<V4Config, long> otherBytes, Func<IDevice, IDevice>? wrap = null)
    {
        Checkpoint checkpoint = OpenCheckpoint(path, options);
        try
        {
            return V4Model.Create(checkpoint, OptionsFor(checkpoint, options, otherBytes(checkpoint.Config)) with { MemoryBudget = options.Memory, WrapDevice = wrap });
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Opens two models with the same vocabulary, which share the memory.</summary>
    /// <param name="first">Folder or file.</param>
    /// <param name="second">Folder or file.</param>
    /// <param name="options">How.</param>
    /// <param name="otherBytes">Bytes that the measurement itself needs.</param>
    /// <param name="ofSecond">How the second rounds and stores; null for the same.</param>
    /// <exception cref="ArgumentException">The windows are too long, the vocabularies differ, or there is too little memory.</exception>
    public static (V4Model First, V4Model Second) OpenPair(string first, string second, MeasurementOptions options, Func<V4Config, long> otherBytes, MeasurementOptions? ofSecond = null)
    {
        Checkpoint one = OpenCheckpoint(first, options);
        Checkpoint? other = null;
        V4Model? opened = null;
        try
        {
            other = OpenCheckpoint(second, options);
            ModelFacts.CheckSameVocabulary(first, one.Config, second, other.Config);
            V4ModelOptions ofOne = OptionsFor(one, options, otherBytes(one.Config)), ofOther = OptionsFor(other, ofSecond ?? options, 0);

            // Decided before either is opened: what the first will take is not seen in what the system calls free.
            long[] budgets = MachineMemory.DivideAmong([Whole(one, ofOne), Whole(other, ofOther)], options.Memory);
            opened = V4Model.Create(one, ofOne with { MemoryBudget = budgets[0] });
            return (opened, V4Model.Create(other, ofOther with { MemoryBudget = budgets[1] }));
        }
        catch
        {
            if (opened is null) one.Dispose();
            else opened.Dispose();
            other?.Dispose();
            throw;
        }
    }

    // Under a budget, scales of experts are looked at when they are used.
    private static Checkpoint OpenCheckpoint(string path, MeasurementOptions options)
    {
        Checkpoint checkpoint = Checkpoint.Open(path, looksAtExperts: options.Memory is null);
        try
        {
            ModelFacts.CheckContext(path, checkpoint.Config, options.Context);
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    private static V4ModelOptions OptionsFor(Checkpoint checkpoint, MeasurementOptions options, long otherBytes)
    {
        var chosen = new V4ModelOptions { Profile = options.Profile, Workers = options.Workers, CacheStorage = options.Caches };
        return chosen with { Reserve = new MemoryReserve { ContextTokens = options.Context, LogitRows = SlicedLogits.UsualRows, OtherBytes = otherBytes, Caches = V4Model.CacheFormatFor(checkpoint.Config, chosen) } };
    }

    private static MemoryPlan Whole(Checkpoint checkpoint, V4ModelOptions options) => MemoryPlan.For(checkpoint.Config, WeightSizes.Of(checkpoint), budget: null, options.Reserve);
}
