using System.Numerics.Tensors;
using Fathom.Checkpoints;
using Fathom.Checkpoints.Conversion;
using Fathom.Compute;
using Fathom.Compute.Memory;

namespace Fathom.Evaluation.Importance;

/// <summary>Adds up the squared inputs of routed experts' matrices, column by column, while a model computes.</summary>
internal sealed class ImportanceDevice(IDevice device) : DelegatingDevice(device)
{
    private readonly Dictionary<string, (float[] Sums, float[] Counts, int Expert)> places = new(StringComparer.Ordinal);
    private readonly Dictionary<string, float[]> sums = new(StringComparer.Ordinal), counts = new(StringComparer.Ordinal);
    private float[] squares = [];

    /// <summary>What was added up so far.</summary>
    public ImportanceMatrix Result => new(sums, counts);

    /// <summary>Makes a place for every matrix of a checkpoint, found by its name, because streamed experts move.</summary>
    public void Watch(Checkpoint checkpoint)
    {
        foreach (ExpectedTensor expected in TensorLayout.MainModel(checkpoint.Config))
        {
            if (expected.Role != TensorRole.Expert) continue;
            (string tensor, int expert) = ImportanceMatrix.PlaceOf(expected.Name);
            if (!sums.TryGetValue(tensor, out float[]? sum))
            {
                sums.Add(tensor, sum = new float[checkpoint.Config.ExpertCount * expected.Shape[1]]);
                counts.Add(tensor, new float[checkpoint.Config.ExpertCount]);
            }

            places.Add(expected.Name, (sum, counts[tensor], expert));
        }
    }

    public override void Linear(Rows input, WeightMatrix weight, Rows output)
    {
        if (weight.Name is { } name && places.TryGetValue(name, out (float[] Sums, float[] Counts, int Expert) place))
        {
            if (squares.Length < input.Width) squares = new float[input.Width];
            Span<float> target = place.Sums.AsSpan(place.Expert * input.Width, input.Width), square = squares.AsSpan(0, input.Width);
            for (int row = 0; row < input.Count; row++)
            {
                TensorPrimitives.Multiply(input[row], input[row], square);
                TensorPrimitives.Add<float>(target, square, target);
            }

            place.Counts[place.Expert] += input.Count;
        }

        base.Linear(input, weight, output);
    }
}
