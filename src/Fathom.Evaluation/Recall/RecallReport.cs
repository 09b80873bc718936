using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Fathom.Evaluation.Recall;

/// <summary>A recall test as a Markdown table and as a heat map, length by depth of the fact.</summary>
public static class RecallReport
{
    private const int Bins = 10;
    private const int Cell = 44;
    private const int Left = 90;
    private const int Top = 60;

    /// <summary>A table with a row for each length and a column of right answers for each named set of results.</summary>
    public static string Table(IReadOnlyDictionary<string, IReadOnlyList<RecallResult>> sets)
    {
        ArgumentNullException.ThrowIfNull(sets);
        var text = new StringBuilder();
        text.Append("| tokens | questions |").AppendJoin(string.Empty, sets.Keys.Select(name => $" {name} |")).Append('\n');
        text.Append("|---|---|").AppendJoin(string.Empty, sets.Keys.Select(_ => "---|")).Append('\n');
        foreach (int length in sets.Values.SelectMany(results => results).Select(result => result.Length).Distinct().Order())
        {
            text.Append(CultureInfo.InvariantCulture, $"| {length:n0} | {sets.Values.Max(results => results.Count(result => result.Length == length))} |");
            foreach (IReadOnlyList<RecallResult> results in sets.Values) text.Append(CultureInfo.InvariantCulture, $" {Share(results.Where(result => result.Length == length)):0.0} % |");
            text.Append('\n');
        }

        return text.ToString();
    }

    /// <summary>A line of JSON for each question of each named set.</summary>
    public static string Answers(IReadOnlyDictionary<string, IReadOnlyList<RecallResult>> sets)
    {
        ArgumentNullException.ThrowIfNull(sets);
        return string.Concat(sets.SelectMany(set => set.Value.Select(result => JsonSerializer.Serialize(new { set = set.Key, result.Length, result.Tokens, result.Depth, result.Question, result.Expected, result.Answer, result.IsRight }, JsonSerializerOptions.Web) + "\n")));
    }

    /// <summary>An SVG drawing: a row for each length, a column for each tenth of the document, the share of right answers as colour and number.</summary>
    public static string HeatMap(IReadOnlyList<RecallResult> results, string title)
    {
        ArgumentNullException.ThrowIfNull(results);
        int[] lengths = [.. results.Select(result => result.Length).Distinct().Order()];
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Left + (Bins * Cell) + 20}\" height=\"{Top + (lengths.Length * Cell) + 40}\" font-family=\"sans-serif\" font-size=\"13\">\n");
        svg.Append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left}\" y=\"22\" font-size=\"15\">{title}</text>\n<text x=\"{Left}\" y=\"48\">beginning</text><text x=\"{Left + (Bins * Cell)}\" y=\"48\" text-anchor=\"end\">end of the document</text>\n");
        for (int row = 0; row < lengths.Length; row++)
        {
            int y = Top + (row * Cell);
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left - 8}\" y=\"{y + 27}\" text-anchor=\"end\">{lengths[row]:n0}</text>\n");
            for (int bin = 0; bin < Bins; bin++)
            {
                RecallResult[] inside = [.. results.Where(result => result.Length == lengths[row] && result.Depth >= 0 && Math.Min(Bins - 1, (int)(result.Depth * Bins)) == bin)];
                double share = Share(inside);
                string fill = inside.Length == 0 ? "#eeeeee" : string.Create(CultureInfo.InvariantCulture, $"hsl({share * 1.2:0},65%,62%)");
                svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{Left + (bin * Cell)}\" y=\"{y}\" width=\"{Cell - 2}\" height=\"{Cell - 2}\" fill=\"{fill}\"/>");
                if (inside.Length > 0) svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left + (bin * Cell) + (Cell / 2) - 1}\" y=\"{y + 27}\" text-anchor=\"middle\">{share:0}</text>");
                svg.Append('\n');
            }
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static double Share(IEnumerable<RecallResult> results) => results.Select(result => result.IsRight ? 100.0 : 0).DefaultIfEmpty(0).Average();
}
