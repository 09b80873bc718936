using Fathom.Compute.Memory;

namespace Fathom.Compute.Reference;

/// <content>Manifold-constrained hyper-connections, specification section 3.</content>
public sealed unsafe partial class PlainDevice
{
    /// <inheritdoc/>
    public void MixStreams(Rows streams, HyperConnectionWeights weights, Rows mixed, Rows post, Rows comb)
    {
        int s = weights.Streams;
        for (int i = 0; i < streams.Count; i++)
        {
            float[] mix = Mix(streams[i], weights);
            var pre = new float[s];
            for (int j = 0; j < s; j++)
            {
                pre[j] = Sigmoid((mix[j] * weights.Scale[0]) + weights.Base[j]) + weights.Epsilon;
                post[i][j] = 2f * Sigmoid((mix[s + j] * weights.Scale[1]) + weights.Base[s + j]);
            }

            for (int e = 0; e < s * s; e++)
                comb[i][e] = (mix[(2 * s) + e] * weights.Scale[2]) + weights.Base[(2 * s) + e];
            Sinkhorn(comb[i], s, weights.SinkhornIterations, weights.Epsilon);
            WeightedSum(streams[i], pre, mixed[i]);
        }
    }

    /// <inheritdoc/>
    public void SpreadStreams(Rows output, Rows post, Rows comb, Rows streams)
    {
        int s = post.Width, hidden = output.Width;
        var old = new float[s];
        for (int i = 0; i < output.Count; i++)
        {
            Span<float> x = streams[i];
            for (int c = 0; c < hidden; c++)
            {
                for (int j = 0; j < s; j++) old[j] = x[(j * hidden) + c];
                for (int k = 0; k < s; k++)
                {
                    float sum = post[i][k] * output[i][c];
                    for (int j = 0; j < s; j++) sum += comb[i][(j * s) + k] * old[j];
                    x[(k * hidden) + c] = sum;
                }
            }
        }
    }

    /// <inheritdoc/>
    public void ReduceStreams(Rows streams, HyperConnectionWeights weights, Rows reduced)
    {
        for (int i = 0; i < streams.Count; i++)
        {
            float[] gates = Mix(streams[i], weights);
            for (int j = 0; j < gates.Length; j++)
                gates[j] = Sigmoid((gates[j] * weights.Scale[0]) + weights.Base[j]) + weights.Epsilon;
            WeightedSum(streams[i], gates, reduced[i]);
        }
    }

    /// <summary>
    /// Makes a matrix doubly stochastic, exactly as section 3.3: softmax of the rows plus ε, columns, then
    /// rows and columns in turn, ending on columns.
    /// </summary>
    /// <param name="m">[size·size], row-major; replaced.</param>
    /// <param name="size">Edge of the matrix.</param>
    /// <param name="iterations">Row and column normalisations in all.</param>
    /// <param name="epsilon">Added after the softmax and to every divisor.</param>
    public static void Sinkhorn(Span<float> m, int size, int iterations, float epsilon)
    {
        for (int j = 0; j < size; j++)
        {
            Span<float> row = m.Slice(j * size, size);
            float max = float.NegativeInfinity, sum = 0f;
            foreach (float a in row) max = MathF.Max(max, a);
            foreach (ref float a in row) sum += a = MathF.Exp(a - max);
            foreach (ref float a in row) a = (a / sum) + epsilon;
        }

        NormalizeColumns(m, size, epsilon);
        for (int iteration = 1; iteration < iterations; iteration++)
        {
            for (int j = 0; j < size; j++)
            {
                Span<float> row = m.Slice(j * size, size);
                float sum = 0f;
                foreach (float a in row) sum += a;
                foreach (ref float a in row) a /= sum + epsilon;
            }

            NormalizeColumns(m, size, epsilon);
        }
    }

    private static void NormalizeColumns(Span<float> m, int size, float epsilon)
    {
        for (int k = 0; k < size; k++)
        {
            float sum = 0f;
            for (int j = 0; j < size; j++) sum += m[(j * size) + k];
            for (int j = 0; j < size; j++) m[(j * size) + k] /= sum + epsilon;
        }
    }

    // (fn · x) · rho, with rho = 1/sqrt(mean(x²) + ε) over all streams; the multiplication comes after the product.
    private static float[] Mix(ReadOnlySpan<float> streams, HyperConnectionWeights weights)
    {
        float rho = InverseRootMeanSquare(streams, weights.NormEpsilon);
        var mix = new float[weights.Mix.Rows];
        for (int o = 0; o < mix.Length; o++)
        {
            float sum = 0f;
            for (int c = 0; c < streams.Length; c++) sum += weights.Mix.ValueAt(o, c) * streams[c];
            mix[o] = sum * rho;
        }

        return mix;
    }

    private static void WeightedSum(ReadOnlySpan<float> streams, ReadOnlySpan<float> weights, Span<float> output)
    {
        for (int c = 0; c < output.Length; c++)
        {
            float sum = 0f;
            for (int j = 0; j < weights.Length; j++) sum += weights[j] * streams[(j * output.Length) + c];
            output[c] = sum;
        }
    }
}
