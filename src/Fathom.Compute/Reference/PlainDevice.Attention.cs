using Fathom.Compute.Memory;
using Fathom.Compute.Numbers;

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
            bool isFp4 = keys[i].Layout.Format == RowFormat.Fp4;
            for (int entry = 0; entry < scores.Length; entry++)
            {
                for (int h = 0; h < heads; h++)
                {
                    ReadOnlySpan<float> q = queries[i].Slice(h * headDim, headDim);
                    float product = MathF.Max(0f, isFp4 ? Fp4Dot(q, keys[i], entry) : Dot(q, keys[i], entry));
                    scores[entry] = isFp4 ? MathF.FusedMultiplyAdd(headWeights[i][h], product, scores[entry]) : scores[entry] + (headWeights[i][h] * product);
                }
            }

            TopEntries.Pick(scores, picks.Slice(i * k, k));
        }
    }

    private static float Dot(ReadOnlySpan<float> q, PagedRows keys, int entry)
    {
        var key = (float*)keys.At(entry);
        float dot = 0f;
        for (int c = 0; c < q.Length; c++) dot += q[c] * key[c];
        return dot;
    }

    // Both in FP4, twice their value an integer: groups of 32 are summed exactly, scaled, and added in rising order.
    private static float Fp4Dot(ReadOnlySpan<float> q, PagedRows keys, int entry)
    {
        Span<byte> key = stackalloc byte[keys.Layout.RowBytes];
        keys.Load(entry, key);
        float dot = 0f;
        for (int first = 0; first < q.Length; first += RowLayout.Fp4Group)
        {
            ReadOnlySpan<float> group = q[first..Math.Min(q.Length, first + RowLayout.Fp4Group)];
            float scale = BlockRounding.Fp4Scale(group), keyScale = E8M0.Decode(key[(q.Length / 2) + (first / RowLayout.Fp4Group)]);
            int sum = 0;
            for (int c = 0; c < group.Length; c++)
                sum += (int)(2f * E2M1.Decode(BlockRounding.Fp4Code(group[c], scale))) * (int)(2f * E2M1.Decode(key[(first + c) / 2] >> (c % 2 * 4)));
            dot = MathF.FusedMultiplyAdd(sum, keyScale * (scale * 0.25f), dot);
        }

        return dot;
    }

    /// <inheritdoc/>
    public void Attend(Rows queries, int headDim, AddressLists keys, ReadOnlySpan<float> sinks, float scale, Rows output)
    {
        for (int i = 0; i < queries.Count; i++)
        {
            float[][] list = ReadKeys(keys, i, headDim);
            var z = new float[list.Length];
            for (int h = 0; h < sinks.Length; h++)
            {
                ReadOnlySpan<float> q = queries[i].Slice(h * headDim, headDim);
                Span<float> o = output[i].Slice(h * headDim, headDim);
                float max = sinks[h];
                for (int n = 0; n < list.Length; n++)
                {
                    float dot = 0f;
                    for (int c = 0; c < headDim; c++) dot += q[c] * list[n][c];
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
                    for (int c = 0; c < headDim; c++) o[c] += p * list[n][c];
                }

                foreach (ref float value in o) value /= denominator;
            }
        }
    }

    private static float[][] ReadKeys(AddressLists keys, int list, int headDim)
    {
        ReadOnlySpan<nint> addresses = keys[list];
        int plain = keys.EntryStarts[list] - keys.Starts[list];
        var rows = new float[addresses.Length][];
        for (int n = 0; n < rows.Length; n++)
        {
            rows[n] = new float[headDim];
            if (n < plain) new ReadOnlySpan<float>((float*)addresses[n], headDim).CopyTo(rows[n]);
            else keys.EntryLayout.Decode((byte*)addresses[n], 0, rows[n]);
        }

        return rows;
    }
}
