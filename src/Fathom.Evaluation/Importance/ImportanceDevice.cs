using System.Numerics.Tensors;
using Fathom.Checkpoints;
using Fathom.Checkpoints.Conversion;
using Fathom.Compute;
using Fathom.Compute.Memory;

namespace Fathom.Evaluation.Importance;

/// <summary>Adds up the squared inputs of routed experts' matrices, column by column, while a model computes. Gate and up (w1 and w3) have the same inputs, and share their sums.</summary>
internal sealed class ImportanceDevice(IDevice device) : DelegatingDevice(device)
{
    private const string Gate = ".w1.weight", Up = ".w3.weight";

    // A name, an entry of the dictionary and a place for each of two matrices.
    private const long BytesOfExpert = 2 * 200;

    private readonly Dictionary<string, (ImportanceSums Of, int Expert)> places = new(StringComparer.Ordinal);
    private readonly List<(string Tensor, ImportanceSums Of)> tensors = [];
    private readonly List<ImportanceSums> all = [];
    private float[] squares = [];

    /// <summary>What was added up so far.</summary>
    public ImportanceMatrix Result => new(
        tensors.ToDictionary(tensor => tensor.Tensor, tensor => tensor.Of.Sums, StringComparer.Ordinal),
        tensors.ToDictionary(tensor => tensor.Tensor, tensor => tensor.Of.Counts, StringComparer.Ordinal));

    /// <summary>The sums, each once, in the order of the layers.</summary>
    public IReadOnlyList<ImportanceSums> Sums => all;

    /// <summary>Bytes of all sums of a model.</summary>
    public static long BytesFor(V4Config config) => (long)config.LayerCount * config.ExpertCount * (((config.HiddenSize + config.ExpertWidth + 2L) * sizeof(float)) + BytesOfExpert);

    /// <summary>Makes a place for every matrix of a checkpoint, found by its name, because streamed experts move.</summary>
    public void Watch(Checkpoint checkpoint)
    {
        V4Config config = checkpoint.Config;
        var byTensor = new Dictionary<string, ImportanceSums>(StringComparer.Ordinal);
        foreach (ExpectedTensor expected in TensorLayout.MainModel(config))
        {
            if (expected.Role != TensorRole.Expert) continue;
            (string tensor, int expert) = ImportanceMatrix.PlaceOf(expected.Name, config.LayerCount);
            bool isUp = expected.Name.EndsWith(Up, StringComparison.Ordinal);
            if (!byTensor.TryGetValue(tensor, out ImportanceSums? of))
            {
                of = isUp ? byTensor[ImportanceMatrix.PlaceOf(expected.Name.Replace(Up, Gate, StringComparison.Ordinal), config.LayerCount).Tensor] : new ImportanceSums(config.ExpertCount, (int)expected.Shape[1]);
                byTensor.Add(tensor, of);
                tensors.Add((tensor, of));
                if (!isUp) all.Add(of);
            }

            if (!isUp) places.Add(expected.Name, (of, expert));
        }
    }

    public override void Linear(Rows input, WeightMatrix weight, Rows output)
    {
        if (weight.Name is { } name && places.TryGetValue(name, out (ImportanceSums Of, int Expert) place))
        {
            if (squares.Length < input.Width) squares = new float[input.Width];
            Span<float> target = place.Of.Sums.AsSpan(place.Expert * input.Width, input.Width), square = squares.AsSpan(0, input.Width);
            for (int row = 0; row < input.Count; row++)
            {
                TensorPrimitives.Multiply(input[row], input[row], square);
                TensorPrimitives.Add<float>(target, square, target);
            }

            place.Of.Counts[place.Expert] += input.Count;
        }

        base.Linear(input, weight, output);
    }
}
