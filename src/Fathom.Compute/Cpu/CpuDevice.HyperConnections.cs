using System.Runtime.Intrinsics;
using Fathom.Compute.Memory;
using Fathom.Compute.Reference;
using Fathom.Compute.Workers;

namespace Fathom.Compute.Cpu;

/// <content>Manifold-constrained hyper-connections: the projection is a matrix product, the rest is small and runs row by row.</content>
public sealed unsafe partial class CpuDevice
{
    /// <inheritdoc/>
    public void MixStreams(Rows streams, HyperConnectionWeights weights, Rows mixed, Rows post, Rows comb)
    {
        Rows mix = mixes.Take(streams.Count, weights.Mix.Rows);
        Linear(streams, weights.Mix, mix);
        var job = new MixJob { Streams = streams, Weights = weights, Mix = mix, Mixed = mixed, Post = post, Comb = comb };
        RunRows(ref job, streams.Count, streams.Width * 2);
    }

    /// <inheritdoc/>
    public void SpreadStreams(Rows output, Rows post, Rows comb, Rows streams)
    {
        var job = new SpreadJob { Output = output, Post = post, Comb = comb, Streams = streams };
        RunRows(ref job, output.Count, streams.Width * 4);
    }

    /// <inheritdoc/>
    public void ReduceStreams(Rows streams, HyperConnectionWeights weights, Rows reduced)
    {
        Rows mix = mixes.Take(streams.Count, weights.Mix.Rows);
        Linear(streams, weights.Mix, mix);
        var job = new ReduceJob { Streams = streams, Weights = weights, Mix = mix, Reduced = reduced };
        RunRows(ref job, streams.Count, streams.Width * 2);
    }

    private static float Sigmoid(float x) => 1f / (1f + MathF.Exp(-x));

    // output = Σ_j weights_j · stream_j.
    private static void SumStreams(float* streams, ReadOnlySpan<float> weights, float* output, int hidden)
    {
        Lanes.Scale(output, streams, weights[0], hidden);
        for (int j = 1; j < weights.Length; j++) Lanes.AddScaled(output, streams + ((long)j * hidden), weights[j], hidden);
    }

    private struct MixJob : IParallelJob
    {
        public Rows Streams;
        public HyperConnectionWeights Weights;
        public Rows Mix;
        public Rows Mixed;
        public Rows Post;
        public Rows Comb;

        public readonly void Execute(int item, int worker)
        {
            int s = Weights.Streams;
            Span<float> mix = Mix[item], post = Post[item], comb = Comb[item];
            ReadOnlySpan<float> scale = Weights.Scale, bias = Weights.Base;
            float rho = Lanes.InverseRootMeanSquare(Streams.At(item), Streams.Width, Weights.NormEpsilon);
            Span<float> pre = mix[..s];
            for (int j = 0; j < s; j++)
            {
                pre[j] = Sigmoid((mix[j] * rho * scale[0]) + bias[j]) + Weights.Epsilon;
                post[j] = 2f * Sigmoid((mix[s + j] * rho * scale[1]) + bias[s + j]);
            }

            for (int e = 0; e < s * s; e++) comb[e] = (mix[(2 * s) + e] * rho * scale[2]) + bias[(2 * s) + e];
            PlainDevice.Sinkhorn(comb, s, Weights.SinkhornIterations, Weights.Epsilon);
            SumStreams(Streams.At(item), pre, Mixed.At(item), Mixed.Width);
        }
    }

    private struct SpreadJob : IParallelJob
    {
        public Rows Output;
        public Rows Post;
        public Rows Comb;
        public Rows Streams;

        public readonly void Execute(int item, int worker)
        {
            if (Post.Width == 4) SpreadFour(item);
            else SpreadAny(item);
        }

        private readonly void SpreadFour(int item)
        {
            int hidden = Output.Width, c = 0;
            float* o = Output.At(item), x0 = Streams.At(item), x1 = x0 + hidden, x2 = x1 + hidden, x3 = x2 + hidden;
            float* post = Post.At(item), comb = Comb.At(item);
            for (; c <= hidden - Lanes.Count; c += Lanes.Count)
            {
                Vector512<float> out0 = Vector512.Load(o + c);
                Vector512<float> a = Vector512.Load(x0 + c), b = Vector512.Load(x1 + c), d = Vector512.Load(x2 + c), e = Vector512.Load(x3 + c);
                Mix(post, comb, 0, out0, a, b, d, e).Store(x0 + c);
                Mix(post, comb, 1, out0, a, b, d, e).Store(x1 + c);
                Mix(post, comb, 2, out0, a, b, d, e).Store(x2 + c);
                Mix(post, comb, 3, out0, a, b, d, e).Store(x3 + c);
            }

            for (; c < hidden; c++) SpreadChannel(item, c);
        }

        private readonly void SpreadAny(int item)
        {
            for (int c = 0; c < Output.Width; c++) SpreadChannel(item, c);
        }

        private readonly void SpreadChannel(int item, int c)
        {
            int s = Post.Width, hidden = Output.Width;
            float* x = Streams.At(item) + c;
            float* old = stackalloc float[s];
            for (int j = 0; j < s; j++) old[j] = x[(long)j * hidden];
            for (int k = 0; k < s; k++)
            {
                float sum = Post.At(item)[k] * Output.At(item)[c];
                for (int j = 0; j < s; j++) sum = MathF.FusedMultiplyAdd(Comb.At(item)[(j * s) + k], old[j], sum);
                x[(long)k * hidden] = sum;
            }
        }

        private static Vector512<float> Mix(
            float* post, float* comb, int k, Vector512<float> output, Vector512<float> a, Vector512<float> b, Vector512<float> d, Vector512<float> e)
        {
            Vector512<float> sum = Vector512.Create(post[k]) * output;
            sum = Vector512.FusedMultiplyAdd(Vector512.Create(comb[k]), a, sum);
            sum = Vector512.FusedMultiplyAdd(Vector512.Create(comb[4 + k]), b, sum);
            sum = Vector512.FusedMultiplyAdd(Vector512.Create(comb[8 + k]), d, sum);
            return Vector512.FusedMultiplyAdd(Vector512.Create(comb[12 + k]), e, sum);
        }
    }

    private struct ReduceJob : IParallelJob
    {
        public Rows Streams;
        public HyperConnectionWeights Weights;
        public Rows Mix;
        public Rows Reduced;

        public readonly void Execute(int item, int worker)
        {
            float rho = Lanes.InverseRootMeanSquare(Streams.At(item), Streams.Width, Weights.NormEpsilon);
            Span<float> gates = Mix[item];
            for (int j = 0; j < gates.Length; j++)
                gates[j] = Sigmoid((gates[j] * rho * Weights.Scale[0]) + Weights.Base[j]) + Weights.Epsilon;
            SumStreams(Streams.At(item), gates, Reduced.At(item), Reduced.Width);
        }
    }
}
