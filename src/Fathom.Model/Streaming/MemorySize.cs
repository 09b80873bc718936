using System.Globalization;

namespace Fathom.Model.Streaming;

/// <summary>Amounts of memory as people write them.</summary>
public static class MemorySize
{
    private static readonly (string Unit, double Bytes)[] Units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
        ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("K", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("B", 1),
    ];

    /// <summary>Reads an amount such as <c>24GB</c>, <c>6 GiB</c> or <c>1.5g</c>: a number and a unit, of thousands (GB) or of 1,024 (GiB).</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static long Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string trimmed = text.Trim();
        foreach ((string unit, double bytes) in Units)
        {
            if (!trimmed.EndsWith(unit, StringComparison.OrdinalIgnoreCase)) continue;
            bool isNumber = double.TryParse(trimmed.AsSpan(0, trimmed.Length - unit.Length).TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number);
            if (isNumber && number > 0 && number * bytes is >= 1 and < long.MaxValue) return (long)(number * bytes);
            break;
        }

        throw new FormatException($"'{(text.Length > 40 ? text[..40] + "…" : text)}' is no amount of memory; write a number and a unit, such as 24GB or 6GiB.");
    }

    /// <summary>An amount in GB, in MB when it is small, and in bytes when it would hardly be anything.</summary>
    /// <param name="bytes">The amount.</param>
    /// <param name="isRoundedUp">Whether the number shown must not be less than the amount.</param>
    public static string Format(long bytes, bool isRoundedUp = false)
    {
        if (bytes is > 0 and < 10_000) return string.Create(CultureInfo.InvariantCulture, $"{bytes:n0} bytes");
        (double unit, string name) = bytes >= 1_000_000_000 ? (1e9, "GB") : (1e6, "MB");
        double number = bytes / unit * 100;
        return string.Create(CultureInfo.InvariantCulture, $"{(isRoundedUp ? Math.Ceiling(number) : Math.Round(number)) / 100:0.00} {name}");
    }
}
