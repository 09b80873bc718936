using System.Globalization;

namespace Fathom.Evaluation.Drawing;

/// <summary>Where values lie between two edges of a drawing, with the values that are worth a line of the grid.</summary>
internal sealed class Scale
{
    private readonly double least, most, from, to;
    private readonly bool isLogarithmic;

    private Scale(double least, double most, double from, double to, bool isLogarithmic, IReadOnlyList<double> steps)
    {
        (this.least, this.most, this.from, this.to, this.isLogarithmic) = (least, most, from, to, isLogarithmic);
        Steps = steps;
    }

    /// <summary>Values of the grid.</summary>
    public IReadOnlyList<double> Steps { get; }

    /// <summary>The place of a value; those outside lie on the edge.</summary>
    public double this[double value]
    {
        get
        {
            double share = isLogarithmic ? Math.Log10(Math.Max(value, least) / least) / Math.Log10(most / least) : (value - least) / (most - least);
            return from + ((to - from) * Math.Clamp(share, 0, 1));
        }
    }

    /// <summary>A scale by powers of ten that has room for all positive values.</summary>
    public static Scale Logarithmic(IEnumerable<double> values, double from, double to)
    {
        double[] positive = [.. values.Where(value => value > 0 && double.IsFinite(value)).DefaultIfEmpty(1)];
        int first = (int)Math.Floor(Math.Log10(positive.Min())), last = Math.Max(first + 1, (int)Math.Ceiling(Math.Log10(positive.Max())));
        first = Math.Max(first, last - 9);
        return new Scale(Math.Pow(10, first), Math.Pow(10, last), from, to, true, [.. Enumerable.Range(first, last - first + 1).Select(power => Math.Pow(10, power))]);
    }

    /// <summary>A scale in even steps that has room for all values.</summary>
    public static Scale Even(IEnumerable<double> values, double from, double to, bool startsAtZero = true)
    {
        double[] all = [.. values.Where(double.IsFinite).DefaultIfEmpty(1)];
        double least = startsAtZero ? 0 : all.Min(), most = Math.Max(all.Max(), least + 1e-9);
        double step = Math.Pow(10, Math.Floor(Math.Log10((most - least) / 2)));
        step *= ((most - least) / step) switch { > 12 => 5, > 6 => 2, _ => 1 };
        double first = Math.Floor(least / step), last = Math.Max(first + 1, Math.Ceiling((most / step) - 1e-9));
        return new Scale(first * step, last * step, from, to, false, [.. Enumerable.Range(0, (int)(last - first) + 1).Select(i => (first + i) * step)]);
    }

    /// <summary>A value with three digits, without an exponent where that is short.</summary>
    public static string Label(double value)
    {
        double size = Math.Abs(value);
        if (size is 0 or >= 1000) return value.ToString("n0", CultureInfo.InvariantCulture);
        return size < 1e-5 ? value.ToString("0.##e-0", CultureInfo.InvariantCulture) : value.ToString("0." + new string('#', 2 - (int)Math.Floor(Math.Log10(size))), CultureInfo.InvariantCulture);
    }
}
