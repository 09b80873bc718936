using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Fathom.Compute.Memory;
using Fathom.Compute.Numbers;
using Fathom.Compute.Workers;

namespace Fathom.Compute.Cpu;

/// <content>Verbs that work row by row: embedding, norms, rotation, rounding, clamped SwiGLU, gather and scatter.</content>
public sealed unsafe partial class CpuDevice
{
    /// <inheritdoc/>
    public void Embed(ReadOnlySpan<int> tokens, WeightMatrix table, Rows output)
    {
        for (int i = 0; i < tokens.Length; i++) WeightDecoder.DecodeRow(table, tokens[i], output.At(i));
    }

    /// <inheritdoc/>
    public void RmsNorm(Rows input, ReadOnlySpan<float> weight, float epsilon, Rows output)
    {
        fixed (float* w = weight)
        {
            var job = new RmsNormJob { Input = input, Output = output, Weight = w, Epsilon = epsilon };
            RunRows(ref job, input.Count, input.Width);
        }
    }

    /// <inheritdoc/>
    public void NormalizeHeads(Rows rows, int headDim, float epsilon)
    {
        var job = new NormalizeJob { Heads = rows.Reshape(headDim), Epsilon = epsilon };
        RunRows(ref job, job.Heads.Count, headDim);
    }

    /// <inheritdoc/>
    public void Rotate(Rows rows, int headDim, Rows angles, bool inverse)
    {
        var job = new RotateJob { Rows = rows, HeadDim = headDim, Angles = angles, Inverse = inverse };
        RunRows(ref job, rows.Count, rows.Width / headDim * angles.Width);
    }

    /// <inheritdoc/>
    public void RoundToFp8(Rows rows, int headDim, int roundedDims, int groupSize)
    {
        var job = new RoundFp8Job { Heads = rows.Reshape(headDim), Dims = roundedDims, Group = groupSize };
        RunRows(ref job, job.Heads.Count, roundedDims * 4);
    }

    /// <inheritdoc/>
    public void HadamardAndRoundToFp4(Rows rows, int headDim, int groupSize)
    {
        var job = new HadamardFp4Job { Heads = rows.Reshape(headDim), Group = groupSize };
        RunRows(ref job, job.Heads.Count, headDim * 8);
    }

    /// <inheritdoc/>
    public void SwiGlu(Rows gate, Rows up, float limit, ReadOnlySpan<float> rowWeights)
    {
        fixed (float* w = rowWeights)
        {
            var job = new SwiGluJob { Gate = gate, Up = up, Cut = limit > 0f ? limit : float.PositiveInfinity, Weights = w };
            RunRows(ref job, gate.Count, gate.Width * 4);
        }
    }

    /// <inheritdoc/>
    public void Gather(Rows input, ReadOnlySpan<int> indices, Rows output)
    {
        for (int i = 0; i < indices.Length; i++) input[indices[i]].CopyTo(output[i]);
    }

    /// <inheritdoc/>
    public void ScatterAdd(Rows input, ReadOnlySpan<int> indices, Rows output)
    {
        fixed (int* target = indices)
        {
            var job = new ScatterJob { Input = input, Output = output, Indices = target };
            RunRows(ref job, input.Count, input.Width);
        }
    }

    /// <inheritdoc/>
    public void AddPositionBias(Rows rows, ReadOnlySpan<int> positions, ReadOnlySpan<float> bias)
    {
        int m = bias.Length / rows.Width;
        fixed (float* b = bias)
        {
            for (int i = 0; i < rows.Count; i++)
                Lanes.AddScaled(rows.At(i), b + ((long)(positions[i] % m) * rows.Width), 1f, rows.Width);
        }
    }

    private struct RmsNormJob : IParallelJob
    {
        public Rows Input;
        public Rows Output;
        public float* Weight;
        public float Epsilon;

        public readonly void Execute(int item, int worker)
        {
            float* x = Input.At(item), y = Output.At(item);
            Vector512<float> inverse = Vector512.Create(Lanes.InverseRootMeanSquare(x, Input.Width, Epsilon));
            int c = 0;
            for (; c <= Input.Width - Lanes.Count; c += Lanes.Count)
                (Vector512.Load(Weight + c) * (Vector512.Load(x + c) * inverse)).Store(y + c);
            for (; c < Input.Width; c++) y[c] = Weight[c] * (x[c] * inverse[0]);
        }
    }

    private struct NormalizeJob : IParallelJob
    {
        public Rows Heads;
        public float Epsilon;

        public readonly void Execute(int item, int worker)
        {
            float* x = Heads.At(item);
            Lanes.Scale(x, x, Lanes.InverseRootMeanSquare(x, Heads.Width, Epsilon), Heads.Width);
        }
    }

    private struct RotateJob : IParallelJob
    {
        public Rows Rows;
        public int HeadDim;
        public Rows Angles;
        public bool Inverse;

        public readonly void Execute(int item, int worker)
        {
            int pairs = Angles.Width / 2;
            float* cos = Angles.At(item), sin = cos + pairs;
            for (int head = 0; head < Rows.Width; head += HeadDim)
            {
                float* rotary = Rows.At(item) + head + HeadDim - Angles.Width;
                for (int p = 0; p < pairs; p++)
                {
                    float s = Inverse ? -sin[p] : sin[p];
                    float a = rotary[2 * p], b = rotary[(2 * p) + 1];
                    rotary[2 * p] = (a * cos[p]) - (b * s);
                    rotary[(2 * p) + 1] = (a * s) + (b * cos[p]);
                }
            }
        }
    }

    private struct RoundFp8Job : IParallelJob
    {
        public Rows Heads;
        public int Dims;
        public int Group;

        public readonly void Execute(int item, int worker) => FastRounding.RoundToFp8(Heads.At(item), Dims, Group);
    }

    private struct HadamardFp4Job : IParallelJob
    {
        public Rows Heads;
        public int Group;

        public readonly void Execute(int item, int worker)
        {
            FastFp4.Transform(Heads.At(item), Heads.Width);
            FastFp4.Round(Heads.At(item), Heads.Width, Group);
        }
    }

    private struct SwiGluJob : IParallelJob
    {
        public Rows Gate;
        public Rows Up;
        public float Cut;
        public float* Weights;

        public readonly void Execute(int item, int worker)
        {
            float* g = Gate.At(item), u = Up.At(item);
            float weight = Weights is null ? 1f : Weights[item];
            Vector512<float> cut = Vector512.Create(Cut), one = Vector512<float>.One, w = Vector512.Create(weight);
            int c = 0;
            for (; c <= Gate.Width - Lanes.Count; c += Lanes.Count)
            {
                Vector512<float> gate = Vector512.Min(Vector512.Load(g + c), cut);
                Vector512<float> up = Vector512.Max(Vector512.Min(Vector512.Load(u + c), cut), -cut);
                (gate / (one + Vector512.Exp(-gate)) * up * w).Store(g + c);
            }

            for (; c < Gate.Width; c++)
            {
                float gate = MathF.Min(g[c], Cut);
                g[c] = gate / (1f + MathF.Exp(-gate)) * Math.Clamp(u[c], -Cut, Cut) * weight;
            }
        }
    }

    private struct ScatterJob : IParallelJob
    {
        public Rows Input;
        public Rows Output;
        public int* Indices;

        // The first of the rows that go to one place adds them all, so that no other worker meets it there.
        public readonly void Execute(int item, int worker)
        {
            int place = Indices[item];
            if (item > 0 && Indices[item - 1] == place) return;
            for (int row = item; row < Input.Count && Indices[row] == place; row++) Lanes.AddScaled(Output.At(place), Input.At(row), 1f, Input.Width);
        }
    }
}
