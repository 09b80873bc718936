using Fathom.Training.Network;
using BFloat = Fathom.Compute.Numbers.BFloat16;

namespace Fathom.Training.Quantization;

/// <summary>
/// Quantisation-aware training: the network sees the values that an export of the parameters would hold, gradients pass
/// the rounding unchanged (architecture specification, section 9.9). Each parameter is rounded once a step.
/// </summary>
internal sealed class StraightThrough
{
    private readonly Dictionary<string, TensorRole> roles;
    private readonly Dictionary<string, Tensor> differences = new(StringComparer.Ordinal);

    /// <summary>Learns the roles of a model's tensors.</summary>
    public StraightThrough(V4Config config)
    {
        roles = TensorLayout.MainModel(config).Concat(TensorLayout.MultiTokenPrediction(config))
            .GroupBy(expected => expected.Role == TensorRole.Expert ? ExpertNames.Stacked(expected.Name) : expected.Name)
            .ToDictionary(group => group.Key, group => group.First().Role, StringComparer.Ordinal);
    }

    /// <summary>The rounded view of a parameter.</summary>
    public Tensor View(string name, Tensor parameter)
    {
        if (!differences.TryGetValue(name, out Tensor? difference)) differences.Add(name, difference = Difference(roles[name], parameter));
        return parameter + difference;
    }

    /// <summary>Forgets the rounded values, because the parameters have changed.</summary>
    public void Forget()
    {
        foreach (Tensor difference in differences.Values) difference.Dispose();
        differences.Clear();
    }

    private static Tensor Difference(TensorRole role, Tensor parameter)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        float[] values = parameter.contiguous().data<float>().ToArray();
        float[] before = [.. values];
        long[] shape = parameter.shape;
        int columns = (int)shape[^1];
        switch (role)
        {
            case TensorRole.Linear:
                WeightRounding.RoundToFp8(values, (int)shape[0], columns);
                break;
            case TensorRole.Expert:
                WeightRounding.RoundToFp4(values, (int)(shape[0] * shape[1]), columns);
                break;
            case TensorRole.Precise:
                for (int i = 0; i < values.Length; i++) values[i] = BFloat.Round(values[i]);
                break;
        }

        for (int i = 0; i < values.Length; i++) values[i] -= before[i];
        return tensor(values).reshape(shape).DetachFromDisposeScope();
    }
}
