using System.Globalization;
using Fathom.Compute;
using Fathom.Compute.Cpu;
using Fathom.Compute.Cpu.Integers;
using Fathom.Compute.Memory;

namespace Fathom.Benchmarks;

/// <summary>
/// The integer kernels of every level that this processor has against the 32-bit ones, in turn and on one thread. Processor time counts,
/// so that a busy machine disturbs less. Levels that a switch of the runtime takes away (DOTNET_EnableAVX512=0) are left out.
/// </summary>
internal static unsafe class Levels
{
    private const int Outputs = 1024;
    private const int Inputs = 4096;
    private const int Rounds = 5;

    public static void Run(WeightFormat[] formats)
    {
        if (formats.Length == 0) formats = [WeightFormat.Fp8, WeightFormat.Fp4, WeightFormat.Q80, WeightFormat.Mxfp4, WeightFormat.Q4K, WeightFormat.Q6K, WeightFormat.Q2K, WeightFormat.Iq2Xxs];
        IntegerKernels[] levels = [.. IntegerKernels.Supported];
        Console.WriteLine($"| weights | inputs | 32 bits, G operations/s | {string.Join(" | ", levels.Select(level => level.Name))} |");
        Console.WriteLine($"|---|---:|---:|{string.Concat(levels.Select(_ => "---:|"))}");
        CpuDevice[] devices = [new(1, Arithmetic.Exact), .. levels.Select(level => new CpuDevice(1, Arithmetic.Fast) { Kernels = level })];
        foreach (WeightFormat format in formats)
        {
            using var matrices = new RandomMatrices(format, Outputs, Inputs);
            foreach (int rows in (int[])[1, 12, 48])
            {
                double[] speeds = Measure(devices, matrices, rows);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {format} | {rows} | {speeds[0]:0.0} | {string.Join(" | ", speeds.Skip(1).Select(speed => speed.ToString("0.0", CultureInfo.InvariantCulture) + " (" + (speed / speeds[0]).ToString("0.0", CultureInfo.InvariantCulture) + ")"))} |"));
            }
        }

        foreach (CpuDevice device in devices) device.Dispose();
    }

    // The best of some rounds, in G operations a second of processor time.
    private static double[] Measure(CpuDevice[] devices, RandomMatrices matrices, int rows)
    {
        using NativeBuffer input = new(), output = new();
        Rows x = input.Take(rows, Inputs), y = output.Take(rows, Outputs);
        RandomValues.Fill(x);
        int calls = Math.Max(2, 24 / rows);
        var best = new double[devices.Length];
        for (int round = 0; round <= Rounds; round++)
        {
            for (int device = 0; device < devices.Length; device++)
            {
                TimeSpan started = Environment.CpuUsage.TotalTime;
                for (int i = 0; i < calls; i++) devices[device].Linear(x, matrices.Next(), y);
                double seconds = (Environment.CpuUsage.TotalTime - started).TotalSeconds;

                // The first round compiles.
                if (round > 0) best[device] = Math.Max(best[device], 2e-9 * calls * rows * Outputs * Inputs / seconds);
            }
        }

        return best;
    }
}
