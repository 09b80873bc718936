using Fathom.Compute.Cpu.Integers;
using Fathom.Compute.Memory;
using Fathom.Compute.Workers;

namespace Fathom.Compute.Cpu;

/// <content>Fast matrix products: inputs become integers once, then tiles of weight rows meet them.</content>
public sealed unsafe partial class CpuDevice
{
    private readonly NativeBuffer integers = new();

    /// <summary>Whether <see cref="Arithmetic.Fast"/> is fast on this processor: there are integer kernels for it. Elsewhere it is right and slow.</summary>
    public static bool HasFastProducts => IntegerKernels.Best is not null;

    /// <summary>The instructions that fast products take on this processor, for people; "none" without kernels.</summary>
    public static string FastProducts => IntegerKernels.Best?.Name ?? "none";

    /// <summary>The kernels of fast products; another choice serves tests and benchmarks.</summary>
    internal IntegerKernels? Kernels { get; init; } = IntegerKernels.Best;

    private void MultiplyIntegers(Rows input, WeightMatrix weight, int groups, Rows output)
    {
        bool isWide = IntegerPanel.IsWide(weight.Format);
        Rows memory = integers.Take(input.Count, IntegerInputs.FloatsPerRow(input.Width, isWide));
        var rounding = new IntegerRoundingJob { Input = input, Output = new IntegerInputs(memory.Data, input.Count, input.Width, isWide) };
        RunRows(ref rounding, input.Count, input.Width);
        int outputsPerGroup = weight.Rows / groups;

        // A prompt wants panels. A decoded token wants long runs of rows, but about four for each worker, so that none waits long for another.
        int tile = input.Count > IntegerProducts.MostAlone ? IntegerPanel.Rows : Math.Clamp(weight.Rows / (4 * pool.Count) / 8 * 8, 8, 512);
        var job = new IntegerJob
        {
            Device = this,
            Input = rounding.Output,
            Weight = weight,
            Output = output,
            OutputsPerGroup = outputsPerGroup,
            Tile = tile,
            TilesPerGroup = (outputsPerGroup + tile - 1) / tile,
        };
        RunTiles(ref job, groups * job.TilesPerGroup, weight, input.Count);
    }

    private struct IntegerJob : IParallelJob
    {
        public CpuDevice Device;
        public IntegerInputs Input;
        public WeightMatrix Weight;
        public Rows Output;
        public int OutputsPerGroup;
        public int Tile;
        public int TilesPerGroup;

        public readonly void Execute(int item, int worker)
        {
            int group = item / TilesPerGroup, inGroup = item % TilesPerGroup * Tile;
            int first = (group * OutputsPerGroup) + inGroup, rows = Math.Min(Tile, OutputsPerGroup - inGroup);
            float* scratch = Device.Scratch(worker, IntegerProducts.ScratchFloats(Weight));
            long inputGroup = (long)group * Weight.Columns / Numbers.IntegerRounding.Group;
            IntegerProducts.Multiply(Device.Kernels, Weight, first, rows, Input, inputGroup, scratch, Output.Data + first, Output.Width);
        }
    }
}
