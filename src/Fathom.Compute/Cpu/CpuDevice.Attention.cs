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
    /// <inheritdoc/>
    public void Attend(Rows queries, int headDim, AddressLists keys, ReadOnlySpan<float> sinks, float scale, Rows output)
    {
        fixed (float* sink = sinks)
        fixed (nint* addresses = keys.Addresses)
        fixed (int* starts = keys.Starts)
        {
            var job = new AttendJob
            {
                Device = this,
                Queries = queries,
                Output = output,
                HeadDim = headDim,
                Heads = sinks.Length,
                HeadTiles = (sinks.Length + Lanes.Count - 1) / Lanes.Count,
                Addresses = addresses,
                Starts = starts,
                LongestList = keys.LongestList,
                Sinks = sink,
                Scale = scale,
            };
            pool.Run(ref job, queries.Count * job.HeadTiles);
        }
    }

    private struct AttendJob : IParallelJob
    {
        public CpuDevice Device;
        public Rows Queries;
        public Rows Output;
        public int HeadDim;
        public int Heads;
        public int HeadTiles;
        public nint* Addresses;
        public int* Starts;
        public int LongestList;
        public float* Sinks;
        public float Scale;

        public readonly void Execute(int item, int worker)
        {
            int row = item / HeadTiles, firstHead = item % HeadTiles * Lanes.Count;
            int heads = Math.Min(Lanes.Count, Heads - firstHead);
            float** keys = (float**)(Addresses + Starts[row]);
            int keyCount = Starts[row + 1] - Starts[row];

            float* scratch = Device.Scratch(worker, ((long)HeadDim + LongestList + 8) * Lanes.Count);
            float* transposed = scratch, scores = scratch + ((long)HeadDim * Lanes.Count);
            HeadLanes.Transpose(Queries.At(row) + ((long)firstHead * HeadDim), heads, HeadDim, transposed);
            HeadLanes.Dot(transposed, HeadDim, keys, keyCount, scores);
            Vector512<float> denominator = Softmax(scores, keyCount, heads, firstHead);
            SumValues(keys, keyCount, scores, denominator, heads, Output.At(row) + ((long)firstHead * HeadDim));
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

        private readonly void SumValues(float** keys, int keyCount, float* p, Vector512<float> denominator, int heads, float* output)
        {
            float* sums = stackalloc float[Lanes.Count];
            denominator.Store(sums);
            int c = 0, fours = heads / 4 * 4;

            // A slice of all keys serves every head before the next slice is read.
            for (; c <= HeadDim - (2 * Lanes.Count); c += 2 * Lanes.Count)
            {
                for (int h = 0; h < fours; h += 4) FourHeads(keys, keyCount, p + h, c, sums + h, output + ((long)h * HeadDim), HeadDim);
            }

            for (int h = 0; h < heads; h++) OneHead(keys, keyCount, p + h, h < fours ? c : 0, sums[h], output + ((long)h * HeadDim), HeadDim);
        }

        // Two vectors of channels for four heads: eight sums in registers while the keys stream by.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void FourHeads(float** keys, int keyCount, float* p, int channel, float* sums, float* output, int headDim)
        {
            Vector512<float> a0 = default, a1 = default, b0 = default, b1 = default, c0 = default, c1 = default, d0 = default, d1 = default;
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

            Finish(a0, a1, sums[0], output + channel);
            Finish(b0, b1, sums[1], output + headDim + channel);
            Finish(c0, c1, sums[2], output + (2L * headDim) + channel);
            Finish(d0, d1, sums[3], output + (3L * headDim) + channel);
        }

        private static void Finish(Vector512<float> low, Vector512<float> high, float denominator, float* output)
        {
            Vector512<float> divisor = Vector512.Create(denominator);
            (low / divisor).Store(output);
            (high / divisor).Store(output + Lanes.Count);
        }

        // What is left over: heads that do not fill a group of four, channels that do not fill two vectors.
        private static void OneHead(float** keys, int keyCount, float* p, int channel, float denominator, float* output, int headDim)
        {
            for (; channel <= headDim - Lanes.Count; channel += Lanes.Count)
            {
                Vector512<float> sum = default;
                for (int n = 0; n < keyCount; n++)
                    sum = Vector512.FusedMultiplyAdd(Vector512.Create(p[n * Lanes.Count]), Vector512.Load(keys[n] + channel), sum);
                (sum / Vector512.Create(denominator)).Store(output + channel);
            }

            for (; channel < headDim; channel++)
            {
                float sum = 0f;
                for (int n = 0; n < keyCount; n++) sum = MathF.FusedMultiplyAdd(p[n * Lanes.Count], keys[n][channel], sum);
                output[channel] = sum / denominator;
            }
        }
    }
}
