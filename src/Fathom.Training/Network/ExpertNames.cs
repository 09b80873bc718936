namespace Fathom.Training.Network;

/// <summary>Names of experts: official ones have the expert's number, stacked ones do not.</summary>
internal static class ExpertNames
{
    private const string Mark = ".experts.";

    /// <summary><c>layers.0.ffn.experts.3.w1.weight</c> → <c>layers.0.ffn.experts.w1.weight</c>.</summary>
    public static string Stacked(string official)
    {
        int number = official.IndexOf(Mark, StringComparison.Ordinal) + Mark.Length;
        return official[..number] + official[(official.IndexOf('.', number) + 1)..];
    }

    /// <summary>The number of an official name.</summary>
    public static int NumberOf(string official)
    {
        int number = official.IndexOf(Mark, StringComparison.Ordinal) + Mark.Length;
        return int.Parse(official[number..official.IndexOf('.', number)], System.Globalization.CultureInfo.InvariantCulture);
    }
}
