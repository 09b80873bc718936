using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Fathom.Compute.Memory;
using Fathom.Compute.Workers;

namespace Fathom.Compute.Cpu;

/// <content>
/// Attention over listed keys. Sixteen heads share the sixteen lanes: a key's channel is broadcast once and meets
/// all of them, the softmax needs no horizontal step, and only the listed rows are ever touched.
/// </content>
public sealed unsafe partial class CpuDevice
{
    // Compact keys that are decoded together: they stay in the second cache while all heads meet them.
    private const int KeysAtOnce = 64;

    /// <inheritdoc/>
    public void Attend(Rows queries, int headDim, AddressLists keys, ReadOnlySpan<float> sinks, float scale, Rows output)
    {
        fixed (float* sink = sinks)
        fixed (nint* addresses = keys.Addresses)
        fixed (int* starts = keys.Starts, entryStarts = keys.EntryStarts)
        {
            int tiles = (sinks.Length + Lanes.Count - 1) / Lanes.Count;
            bool isCompact = keys.EntryLayout.Format != RowFormat.F32;

            // Compact rows are decoded once for all heads of an item, so items hold as many heads as leave work for all.
            int tilesPerItem = isCompact ? Math.Clamp(queries.Count * tiles / (2 * pool.Count), 1, tiles) : 1;
            var job = new AttendJob
            {
                Device = this,
                Queries = queries,
                Output = output,
                HeadDim = headDim,
                Heads = sinks.Length,
                HeadsPerItem = tilesPerItem * Lanes.Count,
                ItemsPerRow = (tiles + tilesPerItem - 1) / tilesPerItem,
                Layout = keys.EntryLayout,
                EntryStarts = entryStarts,
                Addresses = addresses,
                Starts = starts,
                LongestList = keys.LongestList,
                Sinks = sink,
                Scale = scale,
            };
            pool.Run(ref job, queries.Count * job.ItemsPerRow);
        }
    }

    private struct AttendJob : IParallelJob
    {
        public CpuDevice Device;
        public Rows Queries;
        public Rows Output;
        public int HeadDim;
        public int Heads;
        public int HeadsPerItem;
        public int ItemsPerRow;
        public RowLayout Layout;
        public int* EntryStarts;
        public nint* Addresses;
        public int* Starts;
        public int LongestList;
        public float* Sinks;
        public float Scale;

        public readonly void Execute(int item, int worker)
        {
            int row = item / ItemsPerRow, firstHead = item % ItemsPerRow * HeadsPerItem;
            int heads = Math.Min(HeadsPerItem, Heads - firstHead), tiles = (heads + Lanes.Count - 1) / Lanes.Count;
            float** keys = (float**)(Addresses + Starts[row]);
            int keyCount = Starts[row + 1] - Starts[row];
            int plain = Layout.Format == RowFormat.F32 ? keyCount : EntryStarts[row] - Starts[row];

            long queryFloats = (long)HeadDim * Lanes.Count, scoreFloats = ((long)LongestList + 8) * Lanes.Count;
            float* scratch = Device.Scratch(worker, (tiles * (queryFloats + scoreFloats + Lanes.Count)) + ((long)KeysAtOnce * HeadDim));
            float* transposed = scratch, scores = transposed + (tiles * queryFloats), sums = scores + (tiles * scoreFloats), decoded = sums + (tiles * Lanes.Count);
            float* queries = Queries.At(row) + ((long)firstHead * HeadDim), output = Output.At(row) + ((long)firstHead * HeadDim);
            float** block = stackalloc float*[KeysAtOnce];
            for (int tile = 0; tile < tiles; tile++)
                HeadLanes.Transpose(queries + (tile * queryFloats), Math.Min(Lanes.Count, heads - (tile * Lanes.Count)), HeadDim, transposed + (tile * queryFloats));

            for (int first = 0, count; first < keyCount; first += count)
            {
                float** some = Block(keys, first, plain, keyCount, block, decoded, out count);
                for (int tile = 0; tile < tiles; tile++)
                    HeadLanes.Dot(transposed + (tile * queryFloats), HeadDim, some, count, scores + (tile * scoreFloats) + ((long)first * Lanes.Count));
            }

            for (int tile = 0; tile < tiles; tile++)
                Softmax(scores + (tile * scoreFloats), keyCount, Math.Min(Lanes.Count, heads - (tile * Lanes.Count)), firstHead + (tile * Lanes.Count)).Store(sums + (tile * Lanes.Count));

            new Span<float>(output, heads * HeadDim).Clear();
            for (int first = 0, count; first < keyCount; first += count)
            {
                float** some = Block(keys, first, plain, keyCount, block, decoded, out count);
                for (int tile = 0; tile < tiles; tile++)
                    AddValues(some, count, scores + (tile * scoreFloats) + ((long)first * Lanes.Count), Math.Min(Lanes.Count, heads - (tile * Lanes.Count)), output + (tile * queryFloats));
            }

            for (int h = 0; h < heads; h++)
            {
                var values = new Span<float>(output + ((long)h * HeadDim), HeadDim);
                TensorPrimitives.Divide(values, sums[h], values);
            }
        }

        // The next keys as floats: all that are stored so, or some compact ones, decoded.
        private readonly float** Block(float** keys, int first, int plain, int keyCount, float** block, float* decoded, out int count)
        {
            if (first < plain)
            {
                count = plain - first;
                return keys + first;
            }

            count = Math.Min(KeysAtOnce, keyCount - first);
            for (int n = 0; n < count; n++)
            {
                block[n] = decoded + ((long)n * HeadDim);
                CompactRows.Decode((byte*)keys[first + n], Layout, block[n]);
            }

            return block;
        }

        // exp(z − max) for every key and head; returns the sums, the sinks included.
        private readonly Vector512<float> Softmax(float* scores, int keyCount, int heads, int firstHead)
        {
            float* lane = stackalloc float[Lanes.Count];
            for (int h = 0; h < Lanes.Count; h++) lane[h] = h < heads ? Sinks[firstHead + h] : 0f;
            Vector512<float> sinks = Vector512.Load(lane), max = sinks, scale = Vector512.Create(Scale);
            for (int n = 0; n < keyCount; n++)
            {
                Vector512<float> z = Vector512.Load(scores + (n * Lanes.Count)) * scale;
                z.Store(scores + (n * Lanes.Count));
                max = Vector512.Max(max, z);
            }

            Vector512<float> sum = Vector512.Exp(sinks - max);
            for (int n = 0; n < keyCount; n++)
            {
                Vector512<float> p = Vector512.Exp(Vector512.Load(scores + (n * Lanes.Count)) - max);
                p.Store(scores + (n * Lanes.Count));
                sum += p;
            }

            return sum;
        }

        // output_h += Σ_n p_nh · key_n, keys in the order of the list.
        private readonly void AddValues(float** keys, int keyCount, float* p, int heads, float* output)
        {
            int c = 0, fours = heads / 4 * 4;

            // A slice of all keys serves every head before the next slice is read.
            for (; c <= HeadDim - (2 * Lanes.Count); c += 2 * Lanes.Count)
            {
                for (int h = 0; h < fours; h += 4) FourHeads(keys, keyCount, p + h, c, output + ((long)h * HeadDim), HeadDim);
            }

            for (int h = 0; h < heads; h++) OneHead(keys, keyCount, p + h, h < fours ? c : 0, output + ((long)h * HeadDim), HeadDim);
        }

        // Two vectors of channels for four heads: eight sums in registers while the keys stream by.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void FourHeads(float** keys, int keyCount, float* p, int channel, float* output, int headDim)
        {
            float* a = output + channel, b = a + headDim, c = b + headDim, d = c + headDim;
            Vector512<float> a0 = Vector512.Load(a), a1 = Vector512.Load(a + Lanes.Count), b0 = Vector512.Load(b), b1 = Vector512.Load(b + Lanes.Count);
            Vector512<float> c0 = Vector512.Load(c), c1 = Vector512.Load(c + Lanes.Count), d0 = Vector512.Load(d), d1 = Vector512.Load(d + Lanes.Count);
            for (int n = 0; n < keyCount; n++)
            {
                float* key = keys[n] + channel;
                Vector512<float> k0 = Vector512.Load(key), k1 = Vector512.Load(key + Lanes.Count);
                float* weights = p + (n * Lanes.Count);
                Vector512<float> w = Vector512.Create(weights[0]);
                a0 = Vector512.FusedMultiplyAdd(w, k0, a0);
                a1 = Vector512.FusedMultiplyAdd(w, k1, a1);
                w = Vector512.Create(weights[1]);
                b0 = Vector512.FusedMultiplyAdd(w, k0, b0);
                b1 = Vector512.FusedMultiplyAdd(w, k1, b1);
                w = Vector512.Create(weights[2]);
                c0 = Vector512.FusedMultiplyAdd(w, k0, c0);
                c1 = Vector512.FusedMultiplyAdd(w, k1, c1);
                w = Vector512.Create(weights[3]);
                d0 = Vector512.FusedMultiplyAdd(w, k0, d0);
                d1 = Vector512.FusedMultiplyAdd(w, k1, d1);
            }

            a0.Store(a);
            a1.Store(a + Lanes.Count);
            b0.Store(b);
            b1.Store(b + Lanes.Count);
            c0.Store(c);
            c1.Store(c + Lanes.Count);
            d0.Store(d);
            d1.Store(d + Lanes.Count);
        }

        // What is left over: heads that do not fill a group of four, channels that do not fill two vectors.
        private static void OneHead(float** keys, int keyCount, float* p, int channel, float* output, int headDim)
        {
            for (; channel <= headDim - Lanes.Count; channel += Lanes.Count)
            {
                Vector512<float> sum = Vector512.Load(output + channel);
                for (int n = 0; n < keyCount; n++)
                    sum = Vector512.FusedMultiplyAdd(Vector512.Create(p[n * Lanes.Count]), Vector512.Load(keys[n] + channel), sum);
                sum.Store(output + channel);
            }

            for (; channel < headDim; channel++)
            {
                float sum = output[channel];
                for (int n = 0; n < keyCount; n++) sum = MathF.FusedMultiplyAdd(p[n * Lanes.Count], keys[n][channel], sum);
                output[channel] = sum;
            }
        }
    }
}
