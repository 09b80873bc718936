using System.Numerics.Tensors;
using Fathom.Checkpoints;
using Fathom.Compute.Memory;
using Fathom.Model;

namespace Fathom.Evaluation.Predictions;

/// <summary>
/// Compares the streams of two models after each layer; the reference runs each piece of text first, and its streams
/// are kept meanwhile. Of wide models only every so manieth token is looked at, whatever the pieces are, so that
/// memory is bounded and the result does not depend on it.
/// </summary>
internal sealed class LayerComparison
{
    // What is kept for the longest piece that a forward can have.
    private const long MostKeptBytes = 256L << 20;
    private const int LongestPiece = 4096;

    private readonly float[][] kept;
    private readonly double[] differences;
    private readonly double[] sizes;
    private int skipped;

    private LayerComparison(V4Config config)
    {
        Stride = StrideOf(config);
        kept = [.. Enumerable.Repeat(Array.Empty<float>(), config.LayerCount)];
        (differences, sizes) = (new double[config.LayerCount], new double[config.LayerCount]);
        (Reference, Other) = (new Observer(Keep), new Observer(Compare));
    }

    /// <summary>Looks at the reference.</summary>
    public IForwardObserver Reference { get; }

    /// <summary>Looks at the other model.</summary>
    public IForwardObserver Other { get; }

    /// <summary>Every so manieth token is looked at.</summary>
    public int Stride { get; }

    /// <summary>For each layer the root mean square difference, relative to the reference's root mean square.</summary>
    public IReadOnlyList<double> Errors => [.. differences.Zip(sizes, (difference, size) => size > 0 ? Math.Sqrt(difference / size) : 0)];

    /// <summary>A comparison of two models; null when their layers are not alike.</summary>
    public static LayerComparison? Of(V4Config reference, V4Config other) => AreAlike(reference, other) ? new LayerComparison(reference) : null;

    /// <summary>Bytes that are kept at most.</summary>
    public static long MostBytes(V4Config config) => ((LongestPiece + StrideOf(config) - 1) / StrideOf(config)) * RowBytes(config);

    /// <summary>Says which token of the text the next piece begins with.</summary>
    public void Begin(int token) => skipped = (Stride - (token % Stride)) % Stride;

    private static bool AreAlike(V4Config reference, V4Config other) => reference.LayerCount == other.LayerCount && reference.HiddenSize == other.HiddenSize && reference.HyperStreams == other.HyperStreams;

    private static long RowBytes(V4Config config) => (long)config.LayerCount * config.HyperStreams * config.HiddenSize * sizeof(float);

    private static int StrideOf(V4Config config) => (int)Math.Max(1, ((LongestPiece * RowBytes(config)) + MostKeptBytes - 1) / MostKeptBytes);

    private void Keep(int layer, Rows streams)
    {
        int rows = (streams.Count - skipped + Stride - 1) / Stride;
        if (kept[layer].Length < rows * streams.Width) kept[layer] = new float[rows * streams.Width];
        for (int row = skipped, i = 0; row < streams.Count; row += Stride, i++) streams[row].CopyTo(kept[layer].AsSpan(i * streams.Width));
    }

    // Row by row, so that the sums are the same in whatever pieces the text comes.
    private void Compare(int layer, Rows streams)
    {
        for (int row = skipped, i = 0; row < streams.Count; row += Stride, i++)
        {
            ReadOnlySpan<float> reference = kept[layer].AsSpan(i * streams.Width, streams.Width);
            double distance = TensorPrimitives.Distance(reference, streams[row]), size = TensorPrimitives.Norm(reference);
            differences[layer] += distance * distance;
            sizes[layer] += size * size;
        }
    }

    private delegate void OnStreams(int layer, Rows streams);

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

        public void OnStreams(int layer, Rows streams) => see(layer, streams);
    }
}
