using System.Diagnostics;
using System.Globalization;
using System.Text;
using Fathom.Checkpoints;
using Fathom.Compute;
using Fathom.Compute.Cpu;
using Fathom.Compute.Memory;
using Fathom.Evaluation.Speed;

namespace Fathom.Benchmarks;

/// <summary>Every matrix product of the device under the machine's roof: operations per second against operations per byte read, as a table and a picture.</summary>
internal static unsafe class Roofline
{
    private const int Outputs = 2048;
    private const int Inputs = 4096;
    private const int Repeats = 5;
    private const int Width = 760, Height = 460, Left = 70, Top = 20, Right = 20, Bottom = 50;
    private const double LeastIntensity = 0.25, MostIntensity = 8192, LeastSpeed = 5, MostSpeed = 4000;

    private static readonly WeightFormat[] Formats = [WeightFormat.F32, WeightFormat.BF16, WeightFormat.Fp8, WeightFormat.Q80, WeightFormat.Fp4, WeightFormat.Mxfp4, WeightFormat.Q4K, WeightFormat.Q6K, WeightFormat.Q2K, WeightFormat.Iq2Xxs];

    private static readonly string[] Colours = ["#444444", "#8c564b", "#d62728", "#1f77b4", "#2ca02c", "#9467bd", "#e377c2", "#17becf", "#bcbd22", "#ff7f0e"];

    private sealed record Point(Arithmetic Arithmetic, WeightFormat Format, int Rows, double Intensity, double OperationsPerSecond, double BytesPerSecond);

    public static void Run(string folder, WeightFormat[] formats)
    {
        int threads = Environment.ProcessorCount;
        MachinePeaks peaks = MachinePeaks.Measure(threads);
        var points = new List<Point>();
        foreach (WeightFormat format in formats.Length > 0 ? formats : Formats)
        {
            using var matrices = new RandomMatrices(format, Outputs, Inputs);
            foreach (Arithmetic arithmetic in (Arithmetic[])[Arithmetic.Exact, Arithmetic.Fast])
            {
                if (arithmetic == Arithmetic.Fast && !matrices.All[0].TakesIntegers) continue;
                foreach (int rows in (int[])[1, 12, 48, 512]) points.Add(Measure(matrices, format, arithmetic, rows));
            }
        }

        var table = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"{threads} threads: {peaks.BytesPerSecond / 1e9:0.0} GB/s, {peaks.FloatOperationsPerSecond / 1e9:0} G operations/s in 32 bits, {peaks.ByteOperationsPerSecond / 1e9:0} in 8 bits. Integer kernels: {CpuDevice.FastProducts}.\n\n| weights | inputs | rows | GB/s | of reading | G operations/s |\n|---|---|---:|---:|---:|---:|\n"));
        foreach (Point p in points)
            table.Append(CultureInfo.InvariantCulture, $"| {p.Format} | {(p.Arithmetic == Arithmetic.Fast ? "8 bits" : "32 bits")} | {p.Rows} | {p.BytesPerSecond / 1e9:0.0} | {p.BytesPerSecond / peaks.BytesPerSecond:p0} | {p.OperationsPerSecond / 1e9:0} |\n");
        Console.Write(table);
        Directory.CreateDirectory(folder);
        AtomicFile.Write(Path.Combine(folder, "roofline.md"), table.ToString());
        AtomicFile.Write(Path.Combine(folder, "roofline.svg"), Picture(points, peaks));
    }

    private static Point Measure(RandomMatrices matrices, WeightFormat format, Arithmetic arithmetic, int rows)
    {
        using var device = new CpuDevice(arithmetic: arithmetic);
        using NativeBuffer input = new(), output = new();
        Rows x = input.Take(rows, Inputs), y = output.Take(rows, Outputs);
        var random = new Random(1);
        for (int i = 0; i < rows * Inputs; i++) x.Data[i] = random.NextSingle() - 0.5f;
        int calls = Math.Max(4, 60 / rows);

        // Until the runtime has compiled everything for good.
        for (long warm = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(warm).TotalSeconds < 0.5;) device.Linear(x, matrices.Next(), y);
        double[] seconds = [.. Enumerable.Range(0, Repeats).Select(_ =>
        {
            long started = Stopwatch.GetTimestamp();
            for (int i = 0; i < calls; i++) device.Linear(x, matrices.Next(), y);
            return Stopwatch.GetElapsedTime(started).TotalSeconds / calls;
        }).Order()];
        double median = seconds[Repeats / 2], operations = 2.0 * rows * Outputs * Inputs;
        return new Point(arithmetic, format, rows, operations / matrices.MatrixBytes, operations / median, matrices.MatrixBytes / median);
    }

    private static string Picture(List<Point> points, MachinePeaks peaks)
    {
        var svg = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width}\" height=\"{Height}\" font-family=\"sans-serif\" font-size=\"12\"><rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"));
        foreach (double speed in (double[])[10, 100, 1000]) Line(svg, LeastIntensity, speed, MostIntensity, speed, "#dddddd", $"{speed:0}");
        for (double intensity = 1; intensity < MostIntensity; intensity *= 8)
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{X(intensity):0}\" y=\"{Height - Bottom + 18}\" text-anchor=\"middle\">{intensity:0}</text>\n");
        foreach ((double roof, string name) in ((double, string)[])[(peaks.FloatOperationsPerSecond / 1e9, "32 bits"), (peaks.ByteOperationsPerSecond / 1e9, "8 bits")])
        {
            if (roof <= 0) continue;
            double corner = roof / (peaks.BytesPerSecond / 1e9);
            Line(svg, LeastIntensity, LeastIntensity * peaks.BytesPerSecond / 1e9, corner, roof, "black", string.Empty);
            Line(svg, corner, roof, MostIntensity, roof, "black", string.Empty);
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Width - Right}\" y=\"{Y(roof) - 5:0}\" text-anchor=\"end\">{roof:0} G operations/s, {name}</text>\n");
        }

        for (int i = 0; i < Formats.Length; i++)
        {
            foreach (Point p in points.Where(point => point.Format == Formats[i]))
            {
                string fill = p.Arithmetic == Arithmetic.Fast ? Colours[i] : "white";
                svg.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{X(p.Intensity):0.0}\" cy=\"{Y(p.OperationsPerSecond / 1e9):0.0}\" r=\"4.5\" fill=\"{fill}\" stroke=\"{Colours[i]}\" stroke-width=\"2\"><title>{p.Format}, {p.Rows} rows</title></circle>\n");
            }

            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left + 10}\" y=\"{Top + 15 + (15 * i)}\" fill=\"{Colours[i]}\">{Formats[i]}</text>\n");
        }

        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left + 70}\" y=\"{Top + 15}\">filled: 8-bit inputs; hollow: 32-bit inputs; 1, 12, 48 and 512 rows</text>\n<text x=\"{(Width + Left) / 2}\" y=\"{Height - 8}\" text-anchor=\"middle\">operations per byte of weights</text>\n<text x=\"16\" y=\"{Height / 2}\" transform=\"rotate(-90 16 {Height / 2})\" text-anchor=\"middle\">G operations per second</text>\n</svg>\n");
        return svg.ToString();
    }

    private static void Line(StringBuilder svg, double x1, double y1, double x2, double y2, string colour, string label)
    {
        svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{X(x1):0.0}\" y1=\"{Y(y1):0.0}\" x2=\"{X(x2):0.0}\" y2=\"{Y(y2):0.0}\" stroke=\"{colour}\"/>\n");
        if (label.Length > 0) svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left - 6}\" y=\"{Y(y1) + 4:0}\" text-anchor=\"end\">{label}</text>\n");
    }

    private static double X(double intensity) => Left + ((Width - Left - Right) * Math.Log(intensity / LeastIntensity) / Math.Log(MostIntensity / LeastIntensity));

    private static double Y(double speed) => Height - Bottom - ((Height - Top - Bottom) * Math.Log(Math.Max(speed, LeastSpeed) / LeastSpeed) / Math.Log(MostSpeed / LeastSpeed));
}
