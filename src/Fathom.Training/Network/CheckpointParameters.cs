using System.Runtime.InteropServices;
using Fathom.Compute;

namespace Fathom.Training.Network;

/// <summary>Reads the parameters of an official checkpoint, dequantised.</summary>
internal static class CheckpointParameters
{
    /// <summary>All parameters, MTP block included when there is one.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="type">float32, or float64 for gradient checks.</param>
    public static Parameters Load(Checkpoint checkpoint, ScalarType type = ScalarType.Float32)
    {
        using var scope = NewDisposeScope();
        var parameters = new Parameters();
        IEnumerable<ExpectedTensor> layout = TensorLayout.MainModel(checkpoint.Config);
        if (checkpoint.HasMultiTokenPrediction) layout = layout.Concat(TensorLayout.MultiTokenPrediction(checkpoint.Config));
        var experts = new SortedDictionary<string, List<Tensor>>(StringComparer.Ordinal);
        foreach (ExpectedTensor expected in layout)
        {
            if (expected.Role == TensorRole.ExpertTable)
            {
                parameters.AddTable(expected.Name, tensor(Integers(checkpoint[expected.Name])).reshape(expected.Shape));
                continue;
            }

            Tensor value = tensor(Floats(checkpoint, expected)).reshape(expected.Shape).to(type);
            if (expected.Role == TensorRole.Expert)
            {
                // layers.0.ffn.experts.3.w1.weight → layers.0.ffn.experts.w1.weight
                string stacked = ExpertNames.Stacked(expected.Name);
                if (!experts.TryGetValue(stacked, out List<Tensor>? list)) experts.Add(stacked, list = []);
                list.Add(value);
            }
            else if (expected.Name.EndsWith("gate.bias", StringComparison.Ordinal))
            {
                parameters.AddTable(expected.Name, value);
            }
            else
            {
                parameters.Add(expected.Name, value);
            }
        }

        foreach ((string name, List<Tensor> list) in experts) parameters.Add(name, stack([.. list]));
        return parameters;
    }

    private static float[] Floats(Checkpoint checkpoint, ExpectedTensor expected)
    {
        StoredTensor stored = checkpoint[expected.Name];
        if (stored.Type is StoredType.F32 or StoredType.BF16 or StoredType.F16) return stored.ToFloats();
        WeightMatrix matrix = checkpoint.Matrix(expected.Name);
        int rows = matrix.Rows, columns = matrix.Columns;
        var values = new float[expected.Count];
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++) values[(r * columns) + c] = matrix.ValueAt(r, c);
        }

        return values;
    }

    private static long[] Integers(StoredTensor stored) => stored.Type == StoredType.I64
        ? MemoryMarshal.Cast<byte, long>(stored.Bytes).ToArray()
        : Array.ConvertAll(MemoryMarshal.Cast<byte, int>(stored.Bytes).ToArray(), value => (long)value);
}
