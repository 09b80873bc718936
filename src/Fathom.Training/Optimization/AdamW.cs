namespace Fathom.Training.Optimization;

/// <summary>AdamW with the report's constants: β 0.9 and 0.95, ε 1e-20, decay 0.1 (architecture specification, section 9.9).</summary>
internal sealed class AdamW : IOptimizer
{
    private const double Beta1 = 0.9;
    private const double Beta2 = 0.95;
    private const double Epsilon = 1e-20;
    private const double WeightDecay = 0.1;

    private readonly IReadOnlyDictionary<string, Tensor> parameters;
    private readonly SortedDictionary<string, Tensor> state = new(StringComparer.Ordinal);

    /// <summary>Prepares moments.</summary>
    public AdamW(IReadOnlyDictionary<string, Tensor> parameters)
    {
        this.parameters = parameters;
        foreach ((string name, Tensor tensor) in parameters)
        {
            state.Add($"adam.m.{name}", zeros_like(tensor).requires_grad_(false).DetachFromDisposeScope());
            state.Add($"adam.v.{name}", zeros_like(tensor).requires_grad_(false).DetachFromDisposeScope());
        }

        state.Add("adam.steps", zeros(1, ScalarType.Float32).DetachFromDisposeScope());
    }

    public IReadOnlyDictionary<string, Tensor> State => state;

    public void Step(double learningRate)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        double steps = state["adam.steps"].add_(1).item<float>();
        double correction1 = 1 - Math.Pow(Beta1, steps), correction2 = 1 - Math.Pow(Beta2, steps);
        foreach ((string name, Tensor parameter) in parameters)
        {
            if (parameter.grad is not { } gradient) continue;
            Tensor m = state[$"adam.m.{name}"], v = state[$"adam.v.{name}"];
            m.mul_(Beta1).add_(gradient, alpha: 1 - Beta1);
            v.mul_(Beta2).addcmul_(gradient, gradient, value: 1 - Beta2);
            Tensor update = (m / correction1) / ((v / correction2).sqrt() + Epsilon);

            // The decay is for vocabulary matrices; a norm or a bias has no reason to be near zero.
            if (parameter.dim() > 1) parameter.mul_(1 - (learningRate * WeightDecay));
            parameter.sub_(update * learningRate);
        }
    }
}
