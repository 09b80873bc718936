using Fathom.Compute.Memory;

namespace Fathom.Compute.Reference;

/// <content>Compressor, lightning indexer and attention, specification sections 4 to 6.</content>
public sealed unsafe partial class PlainDevice
{
    /// <inheritdoc/>
    public void AddPositionBias(Rows rows, ReadOnlySpan<int> positions, ReadOnlySpan<float> bias)
    {
        int m = bias.Length / rows.Width;
        for (int i = 0; i < rows.Count; i++)
        {
            for (int c = 0; c < rows.Width; c++) rows[i][c] += bias[(positions[i] % m * rows.Width) + c];
        }
    }

    /// <inheritdoc/>
    public void Compress(AddressLists values, AddressLists scores, Rows output)
    {
        for (int block = 0; block < output.Count; block++)
        {
            ReadOnlySpan<nint> v = values[block], s = scores[block];
            for (int c = 0; c < output.Width; c++)
            {
                float max = float.NegativeInfinity, sum = 0f, weighted = 0f;
                foreach (nint candidate in s) max = MathF.Max(max, ((float*)candidate)[c]);
                for (int q = 0; q < v.Length; q++)
                {
                    float weight = MathF.Exp(((float*)s[q])[c] - max);
                    sum += weight;
                    weighted += weight * ((float*)v[q])[c];
                }

                output[block][c] = weighted / sum;
            }
        }
    }

    /// <inheritdoc/>
    public void PickEntries(Rows queries, Rows headWeights, ReadOnlySpan<PagedRows> keys, ReadOnlySpan<int> visible, Span<int> picks, int k)
    {
        int heads = headWeights.Width, headDim = queries.Width / heads;
        for (int i = 0; i < queries.Count; i++)
        {
            var scores = new float[visible[i]];
            for (int entry = 0; entry < scores.Length; entry++)
            {
                float* key = keys[i].At(entry);
                for (int h = 0; h < heads; h++)
                {
                    float dot = 0f;
                    for (int c = 0; c < headDim; c++) dot += queries[i][(h * headDim) + c] * key[c];
                    scores[entry] += headWeights[i][h] * MathF.Max(0f, dot);
                }
            }

            TopEntries.Pick(scores, picks.Slice(i * k, k));
        }
    }

    /// <inheritdoc/>
    public void Attend(Rows queries, int headDim, AddressLists keys, ReadOnlySpan<float> sinks, float scale, Rows output)
    {
        for (int i = 0; i < queries.Count; i++)
        {
            ReadOnlySpan<nint> list = keys[i];
            var z = new float[list.Length];
            for (int h = 0; h < sinks.Length; h++)
            {
                ReadOnlySpan<float> q = queries[i].Slice(h * headDim, headDim);
                Span<float> o = output[i].Slice(h * headDim, headDim);
                float max = sinks[h];
                for (int n = 0; n < list.Length; n++)
                {
                    float dot = 0f;
                    for (int c = 0; c < headDim; c++) dot += q[c] * ((float*)list[n])[c];
                    z[n] = dot * scale;
                    max = MathF.Max(max, z[n]);
                }

                // The sink takes part in the denominator only; it has no value row.
                float denominator = MathF.Exp(sinks[h] - max);
                o.Clear();
                for (int n = 0; n < list.Length; n++)
                {
                    float p = MathF.Exp(z[n] - max);
                    denominator += p;
                    for (int c = 0; c < headDim; c++) o[c] += p * ((float*)list[n])[c];
                }

                foreach (ref float value in o) value /= denominator;
            }
        }
    }
}
