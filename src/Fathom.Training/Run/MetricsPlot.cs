using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Fathom.Training.Run;

/// <summary>Draws a run's metrics.jsonl as an SVG that a browser shows: the loss, and the share of answers that were right.</summary>
internal static class MetricsPlot
{
    private const int Width = 760;
    private const int Height = 340;
    private const int Margin = 50;
    private const int Points = 400;

    /// <summary>Draws the file anew.</summary>
    public static void Write(string metrics, string picture)
    {
        List<(double Loss, double Right)> steps = [];
        foreach (string line in File.ReadLines(metrics))
        {
            using JsonDocument step = JsonDocument.Parse(line);
            steps.Add((Number(step, "loss"), Number(step, "right")));
        }

        if (steps.Count > 0) AtomicFile.Write(picture, Draw(steps));
    }

    private static double Number(JsonDocument step, string name) => step.RootElement.GetProperty(name) is { ValueKind: JsonValueKind.Number } value ? value.GetDouble() : 0;

    private static string Draw(List<(double Loss, double Right)> steps)
    {
        double most = Math.Max(1e-9, steps.Max(step => step.Loss));
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width}\" height=\"{Height}\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
        for (int i = 0; i <= 4; i++)
        {
            double y = Margin + ((Height - (2 * Margin)) * i / 4.0);
            svg.Append(CultureInfo.InvariantCulture, $"<path d=\"M{Margin} {y:0.#}H{Width - Margin}\" stroke=\"#dddddd\"/><text x=\"{Margin - 6}\" y=\"{y + 4:0.#}\" text-anchor=\"end\" fill=\"#b03030\">{most * (4 - i) / 4:0.0}</text><text x=\"{Width - Margin + 6}\" y=\"{y + 4:0.#}\" fill=\"#2060a0\">{25 * (4 - i)} %</text>\n");
        }

        Line(svg, [.. steps.Select(step => step.Loss / most)], "#b03030");
        Line(svg, [.. steps.Select(step => step.Right)], "#2060a0");
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Margin}\" y=\"28\" fill=\"#b03030\">loss, nats</text><text x=\"{Width - Margin}\" y=\"28\" text-anchor=\"end\" fill=\"#2060a0\">answers right</text><text x=\"{Width / 2}\" y=\"{Height - 16}\" text-anchor=\"middle\">{steps.Count} steps</text>\n</svg>\n");
        return svg.ToString();
    }

    // Neighbouring steps share a point, as their mean, where there are more than the picture can show.
    private static void Line(StringBuilder svg, double[] values, string colour)
    {
        int points = Math.Min(Points, values.Length);
        svg.Append("<polyline fill=\"none\" stroke=\"").Append(colour).Append("\" points=\"");
        for (int i = 0; i < points; i++)
        {
            double mean = values[(i * values.Length / points)..((i + 1) * values.Length / points)].Average();
            double x = Margin + ((Width - (2.0 * Margin)) * i / Math.Max(1, points - 1)), y = Height - Margin - ((Height - (2.0 * Margin)) * Math.Clamp(mean, 0, 1));
            svg.Append(CultureInfo.InvariantCulture, $"{x:0.#},{y:0.#} ");
        }

        svg.Append("\"/>\n");
    }
}
