using System.Numerics.Tensors;
using Fathom.Compute.Memory;
using Fathom.Model;

namespace Fathom.Evaluation.Predictions;

/// <summary>Compares the streams of two models after each layer; the reference runs each piece of text first.</summary>
internal sealed class LayerComparison
{
    private readonly float[][] kept;
    private readonly double[] differences;
    private readonly double[] sizes;

    public LayerComparison(int layers)
    {
        kept = [.. Enumerable.Repeat(Array.Empty<float>(), layers)];
        (differences, sizes) = (new double[layers], new double[layers]);
        (Reference, Other) = (new Observer(Keep), new Observer(Compare));
    }

    /// <summary>Looks at the reference.</summary>
    public IForwardObserver Reference { get; }

    /// <summary>Looks at the other model.</summary>
    public IForwardObserver Other { get; }

    /// <summary>For each layer the root mean square difference, relative to the reference's root mean square.</summary>
    public IReadOnlyList<double> Errors => [.. differences.Zip(sizes, (difference, size) => size > 0 ? Math.Sqrt(difference / size) : 0)];

    private void Keep(int layer, ReadOnlySpan<float> streams)
    {
        if (kept[layer].Length < streams.Length) kept[layer] = new float[streams.Length];
        streams.CopyTo(kept[layer]);
    }

    private void Compare(int layer, ReadOnlySpan<float> streams)
    {
        ReadOnlySpan<float> reference = kept[layer].AsSpan(0, streams.Length);
        double distance = TensorPrimitives.Distance(reference, streams), size = TensorPrimitives.Norm(reference);
        differences[layer] += distance * distance;
        sizes[layer] += size * size;
    }

    private delegate void OnStreams(int layer, ReadOnlySpan<float> streams);

    private sealed class Observer(OnStreams see) : IForwardObserver
    {
        public void OnAttention(int layer, Rows output)
        {
        }

        public void OnExperts(int layer, Rows output)
        {
        }

        public void OnRouting(int layer, ReadOnlySpan<int> experts, ReadOnlySpan<float> weights, int k)
        {
        }

        public void OnPicks(int layer, ReadOnlySpan<int> picks, int k)
        {
        }

        public unsafe void OnStreams(int layer, Rows streams) => see(layer, new ReadOnlySpan<float>(streams.Data, streams.Count * streams.Width));
    }
}
