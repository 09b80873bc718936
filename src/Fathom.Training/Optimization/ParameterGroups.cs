using Fathom.Training.Network;

namespace Fathom.Training.Optimization;

/// <summary>Which optimiser a parameter belongs to: matrices to Muon; embedding, head, norms, biases, scales, sinks and place biases to AdamW.</summary>
internal static class ParameterGroups
{
    public static bool IsForMuon(string name, Tensor tensor) =>
        tensor.dim() >= 2 && name is not ("embed.weight" or "head.weight") && !name.EndsWith(".ape", StringComparison.Ordinal);

    public static IReadOnlyList<IOptimizer> Optimizers(IReadOnlyDictionary<string, Tensor> trained, bool usesMuon)
    {
        var muon = trained.Where(pair => usesMuon && IsForMuon(pair.Key, pair.Value)).ToDictionary(pair => pair.Key, pair => pair.Value);
        var adam = trained.Where(pair => !muon.ContainsKey(pair.Key)).ToDictionary(pair => pair.Key, pair => pair.Value);
        return muon.Count > 0 ? [new Muon(muon), new AdamW(adam)] : [new AdamW(adam)];
    }

    /// <summary>Scales all gradients down so that their norm is at most a bound; returns the norm before.</summary>
    public static double Clip(IReadOnlyDictionary<string, Tensor> trained, double most)
    {
        using var scope = NewDisposeScope();
        Tensor[] gradients = [.. trained.Values.Select(tensor => tensor.grad).OfType<Tensor>()];
        double norm = Math.Sqrt(gradients.Sum(gradient => gradient.square().sum().item<float>()));
        if (norm > most)
        {
            foreach (Tensor gradient in gradients) gradient.mul_(most / norm);
        }

        return norm;
    }
}
