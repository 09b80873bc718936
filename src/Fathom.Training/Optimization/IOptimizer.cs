namespace Fathom.Training.Optimization;

/// <summary>Changes parameters along their gradients.</summary>
internal interface IOptimizer
{
    /// <summary>What must be saved to go on later, by name; loading copies into these tensors.</summary>
    IReadOnlyDictionary<string, Tensor> State { get; }

    /// <summary>One step; parameters without a gradient stay as they are.</summary>
    void Step(double learningRate);
}
