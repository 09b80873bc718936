using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Fathom.Checkpoints;
using Fathom.Compute;
using Fathom.Compute.Quantizing;
using Fathom.Tests;

namespace Fathom.Benchmarks;

/// <summary>
/// Errors and speed of rounding to few bits, beside the reference quantiser of llama.cpp where its library
/// (libggml-base) is at hand. Errors are relative root mean squares; with importance they are weighted by it.
/// </summary>
internal static unsafe class Quantizers
{
    private const int Repeats = 3;

    private static readonly WeightFormat[] Formats = [WeightFormat.Q4K, WeightFormat.Q2K, WeightFormat.Iq2Xxs];

    public static void Run(string? library)
    {
        ReferenceQuantizer? reference = library is null ? null : new ReferenceQuantizer(library);
        float[] importance = QuantizerRecipes.Importance();
        List<(string Name, float[] Values)> tensors = [.. QuantizerRecipes.Names.Select(name => (name, QuantizerRecipes.Values(name))), .. Minnow()];
        Print($"| numbers | format | error | reference | weighted | reference |\n|---|---|---:|---:|---:|---:|");
        foreach ((string name, float[] values) in tensors)
        {
            foreach (WeightFormat format in Formats)
            {
                string plain = Errors(format, values, [], reference), weighted = Errors(format, values, importance, reference);
                Print($"| {name} | {format} | {plain} | {weighted} |");
            }
        }

        foreach (bool weighted in (bool[])[false, true])
        {
            foreach (WeightFormat format in Formats) Speed(format, weighted ? importance : [], reference);
        }
    }

    private static string Errors(WeightFormat format, float[] values, float[] importance, ReferenceQuantizer? reference)
    {
        byte[] blocks = new byte[values.Length / 256 * BytesOf(format)];
        BlockQuantizer.Quantize(format, values, importance, blocks);
        double ours = QuantizerRecipes.RelativeError(values, Decode(format, blocks, values.Length), importance);
        if (reference is null) return string.Create(CultureInfo.InvariantCulture, $"{ours:f5} | ");
        reference.Quantize(format, values, 0, values.Length / QuantizerRecipes.Columns, QuantizerRecipes.Columns, importance, blocks);
        double theirs = QuantizerRecipes.RelativeError(values, Decode(format, blocks, values.Length), importance);
        return string.Create(CultureInfo.InvariantCulture, $"{ours:f5}{(ours > theirs ? " (!)" : string.Empty)} | {theirs:f5}");
    }

    // On all processors, both in turn, on normal numbers.
    private static void Speed(WeightFormat format, float[] importance, ReferenceQuantizer? reference)
    {
        float[] piece = QuantizerRecipes.Values("normal"), values = [.. Enumerable.Repeat(piece, 64).SelectMany(part => part)];
        int rows = values.Length / QuantizerRecipes.Columns, threads = Environment.ProcessorCount, step = 16;
        byte[] blocks = new byte[values.Length / 256 * BytesOf(format)];
        int rowBytes = QuantizerRecipes.Columns / 256 * BytesOf(format);
        double Time(Action<int> work)
        {
            long start = Stopwatch.GetTimestamp();
            Parallel.For(0, rows / step, new ParallelOptions { MaxDegreeOfParallelism = threads }, work);
            return values.Length / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e6;
        }

        void Ours(int item) => BlockQuantizer.Quantize(format, values.AsSpan(item * step * QuantizerRecipes.Columns, step * QuantizerRecipes.Columns), importance, blocks.AsSpan(item * step * rowBytes, step * rowBytes));
        double ours = 0, theirs = 0;
        for (int i = 0; i < Repeats; i++)
        {
            ours = Math.Max(ours, Time(Ours));
            if (reference is not null) theirs = Math.Max(theirs, Time(item => reference.Quantize(format, values, item * step, step, QuantizerRecipes.Columns, importance, blocks)));
        }

        Print($"{format}{(importance.Length > 0 ? " with importance" : string.Empty)}: {ours:f1} M values/s{(theirs > 0 ? string.Create(CultureInfo.InvariantCulture, $", reference {theirs:f1}, ratio {ours / theirs:f2}") : string.Empty)} ({threads} threads)");
    }

    // All routed experts' matrices of the built-in model, one after the other.
    private static IEnumerable<(string Name, float[] Values)> Minnow()
    {
        using Checkpoint checkpoint = Checkpoint.Open(RepositoryFiles.PathOf("models", "builtin"));
        foreach (string kind in (string[])["w1", "w2", "w3"])
        {
            var values = new List<float>();
            foreach (ExpectedTensor expected in TensorLayout.MainModel(checkpoint.Config).Where(tensor => tensor.Role == TensorRole.Expert && tensor.Name.Contains($".{kind}.", StringComparison.Ordinal)))
            {
                WeightMatrix matrix = checkpoint.Matrix(expected.Name);
                var row = new float[matrix.Columns];
                for (int i = 0; i < matrix.Rows; i++)
                {
                    matrix.DecodeRow(i, row);
                    values.AddRange(row);
                }
            }

            yield return ($"Minnow {kind}", [.. values]);
        }
    }

    private static int BytesOf(WeightFormat format) => format switch { WeightFormat.Q4K => 144, WeightFormat.Q2K => 84, _ => 66 };

    private static float[] Decode(WeightFormat format, byte[] blocks, int count)
    {
        var values = new float[count];
        fixed (byte* data = blocks) new WeightMatrix(format, 1, count, data).DecodeRow(0, values);
        return values;
    }

    private static void Print(FormattableString text) => Console.Out.WriteLine(FormattableString.Invariant(text));

    // The functions that llama.cpp's own library offers.
    private sealed class ReferenceQuantizer
    {
        private readonly delegate* unmanaged<int, float*, void*, long, long, long, float*, nuint> quantize;

        public ReferenceQuantizer(string library)
        {
            nint handle = NativeLibrary.Load(Path.GetFullPath(library));
            quantize = (delegate* unmanaged<int, float*, void*, long, long, long, float*, nuint>)NativeLibrary.GetExport(handle, "ggml_quantize_chunk");
            var prepare = (delegate* unmanaged<int, void>)NativeLibrary.GetExport(handle, "ggml_quantize_init");
            foreach (WeightFormat format in Formats) prepare(IdOf(format));
        }

        // It demands an importance for IQ2_XXS; without one all columns matter alike.
        public void Quantize(WeightFormat format, float[] values, int firstRow, int rows, int columns, float[] importance, byte[] blocks)
        {
            if (importance.Length == 0 && format == WeightFormat.Iq2Xxs) importance = Even;
            fixed (float* x = values, w = importance)
            fixed (byte* y = blocks) quantize(IdOf(format), x, y, (long)firstRow * columns, rows, columns, importance.Length == 0 ? null : w);
        }

        private static readonly float[] Even = [.. Enumerable.Repeat(1f, QuantizerRecipes.Columns)];

        private static int IdOf(WeightFormat format) => format switch { WeightFormat.Q4K => 12, WeightFormat.Q2K => 10, _ => 16 };
    }
}
