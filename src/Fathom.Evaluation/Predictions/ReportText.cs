using System.Globalization;

namespace Fathom.Evaluation.Predictions;

/// <summary>Numbers and names in tables.</summary>
internal static class ReportText
{
    /// <summary>A number with three digits.</summary>
    public static string Number(double value) => value switch
    {
        0 => "0",
        < 1e-4 and > -1e-4 => value.ToString("0.00e-0", CultureInfo.InvariantCulture),
        _ => value.ToString("0." + new string('0', Math.Clamp(2 - (int)Math.Floor(Math.Log10(Math.Abs(value))), 0, 6)), CultureInfo.InvariantCulture),
    };

    /// <summary>A name that does not end a cell.</summary>
    public static string Cell(string name) => name.Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ");
}
