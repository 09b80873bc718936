namespace Fathom.Training.Optimization;

/// <summary>
/// Muon (architecture specification, section 9.9; training specification, section 2): momentum, orthogonalised for each
/// matrix on its own by Newton-Schulz steps, with the root-mean-square of an AdamW update.
/// </summary>
internal sealed class Muon : IOptimizer
{
    private const double Momentum = 0.95;
    private const double WeightDecay = 0.1;
    private const double UpdateScale = 0.18;

    private static readonly (double A, double B, double C)[] Steps =
        [.. Enumerable.Repeat((3.4445, -4.7750, 2.0315), 8), .. Enumerable.Repeat((2.0, -1.5, 0.5), 2)];

    private readonly IReadOnlyDictionary<string, Tensor> parameters;
    private readonly SortedDictionary<string, Tensor> momenta = new(StringComparer.Ordinal);

    /// <summary>Prepares momenta.</summary>
    /// <param name="parameters">Matrices [out, in], and stacks of matrices [n, out, in], by name.</param>
    public Muon(IReadOnlyDictionary<string, Tensor> parameters)
    {
        this.parameters = parameters;
        foreach ((string name, Tensor tensor) in parameters) momenta.Add(name, zeros_like(tensor).requires_grad_(false).DetachFromDisposeScope());
    }

    public IReadOnlyDictionary<string, Tensor> State => momenta.ToDictionary(pair => $"muon.{pair.Key}", pair => pair.Value);

    public void Step(double learningRate)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();

        // Matrices of one shape go through the steps together.
        foreach (IGrouping<(long, long), string> group in parameters.Keys.Where(name => parameters[name].grad is not null).GroupBy(name => (parameters[name].shape[^2], parameters[name].shape[^1])))
        {
            using var inner = NewDisposeScope();
            string[] names = [.. group];
            Tensor[] inputs = Array.ConvertAll(names, name =>
            {
                Tensor gradient = parameters[name].grad!, momentum = momenta[name];
                momentum.mul_(Momentum).add_(gradient);
                return ((momentum * Momentum) + gradient).reshape(-1, group.Key.Item1, group.Key.Item2);
            });
            Tensor directions = Orthogonalize(cat(inputs, 0)) * (UpdateScale * Math.Sqrt(Math.Max(group.Key.Item1, group.Key.Item2)));
            long first = 0;
            for (int i = 0; i < names.Length; i++)
            {
                Tensor parameter = parameters[names[i]];
                parameter.mul_(1 - (learningRate * WeightDecay)).sub_(directions.narrow(0, first, inputs[i].shape[0]).reshape(parameter.shape) * learningRate);
                first += inputs[i].shape[0];
            }
        }
    }

    /// <summary>The nearest matrices with singular values of about one, [n, rows, columns].</summary>
    internal static Tensor Orthogonalize(Tensor matrices)
    {
        bool isTall = matrices.shape[1] > matrices.shape[2];
        Tensor x = isTall ? matrices.transpose(1, 2) : matrices;
        x = x / (x.square().sum([1, 2], keepdim: true).sqrt() + 1e-20);
        foreach ((double a, double b, double c) in Steps)
        {
            Tensor square = x.matmul(x.transpose(1, 2));
            x = (x * a) + ((square * b) + (square.matmul(square) * c)).matmul(x);
        }

        return isTall ? x.transpose(1, 2) : x;
    }
}
