using System.Globalization;
using System.Text;
using Fathom.Evaluation.Drawing;
using Fathom.Model.Streaming;

namespace Fathom.Evaluation.Predictions;

/// <summary>How far models are from a reference, as tables, as a picture and as JSON.</summary>
/// <param name="Reference">The reference's name.</param>
/// <param name="ReferenceFacts">Its size and architecture.</param>
/// <param name="Models">The models, at least one.</param>
/// <param name="Options">How the text was read.</param>
public sealed record DivergenceReport(string Reference, ModelFacts ReferenceFacts, IReadOnlyList<MeasuredResult<DivergenceResult>> Models, MeasurementOptions Options)
    : MeasurementReport<DivergenceResult>(Models, Options)
{
    /// <inheritdoc/>
    protected override string Name => "divergence";

    /// <inheritdoc/>
    protected override int Tokens => First.Tokens;

    /// <summary>Markdown: a row for each model, and its errors layer by layer.</summary>
    public override string Table()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Reading} KL from {ReportText.Cell(Reference)}, in nats.\n\n");
        text.Append("| model | size | bits a weight | mean KL |").AppendJoin(string.Empty, First.Percentiles.Select(pair => $" {PercentName(pair.Percent)} |")).Append(" same most likely token | perplexity | error after the last layer |\n|---|---:|---:|---:|")
            .AppendJoin(string.Empty, First.Percentiles.Select(_ => "---:|")).Append("---:|---:|---:|\n");
        Row(text, Reference, ReferenceFacts, [0, .. First.Percentiles.Select(_ => 0.0)], 1, First.ReferencePerplexity, First.LayerErrors.Count > 0 ? 0 : null);
        foreach (MeasuredResult<DivergenceResult> model in Models)
            Row(text, model.Name, model.Facts, [model.Result.MeanDivergence, .. model.Result.Percentiles.Select(pair => pair.Divergence)], model.Result.Agreement, model.Result.Perplexity, model.Result.LayerErrors.Count > 0 ? model.Result.LayerErrors[^1] : null);

        MeasuredResult<DivergenceResult>[] compared = [.. Models.Where(model => model.Result.LayerErrors.Count > 0)];
        if (compared.Length == 0) return text.ToString();
        text.Append(CultureInfo.InvariantCulture, $"\nError of the streams after each layer, relative to the reference{(First.LayerStride > 1 ? $" (at every {First.LayerStride}th token)" : string.Empty)}:\n\n| layer |").AppendJoin(string.Empty, compared.Select(model => $" {ReportText.Cell(model.Name)} |"))
            .Append("\n|---:|").AppendJoin(string.Empty, compared.Select(_ => "---:|")).Append('\n');
        for (int layer = 0; layer < compared[0].Result.LayerErrors.Count; layer++)
            text.Append(CultureInfo.InvariantCulture, $"| {layer} |").AppendJoin(string.Empty, compared.Select(model => $" {ReportText.Number(model.Result.LayerErrors[layer])} |")).Append('\n');
        return text.ToString();
    }

    /// <summary>An SVG drawing: KL of each model by percentiles, and errors layer by layer.</summary>
    public override string Picture()
    {
        const int width = 920, left = 220, right = width - 200, top = 72, lines = 220;
        MeasuredResult<DivergenceResult>[] compared = [.. Models.Where(model => model.Result.LayerErrors.Count > 0)];
        int rowsEnd = top + (Models.Count * RowPanel.RowHeight), linesTop = rowsEnd + 110;
        var drawing = new SvgDrawing(width, compared.Length > 0 ? linesTop + lines + 50 : rowsEnd + 60);
        var x = Scale.Logarithmic(Models.SelectMany(model => model.Result.Percentiles.Select(pair => pair.Divergence).Append(model.Result.MeanDivergence)), left, right);
        RowPanel.Draw(drawing, (left, top, right), $"How far predictions are from those of {RowPanel.Short(Reference)} ({ReferenceFacts.Size} a weight)", x, [.. Models.Select((model, i) => PanelRow(drawing, x, model, SvgDrawing.ColourOf(i)))]);
        drawing.Text((left + right) / 2.0, rowsEnd + 36, "KL for each token, in nats; left is better", "middle");
        Legend(drawing, left, top - 14);
        if (compared.Length > 0)
        {
            LinePanel.Draw(drawing, (70, linesTop, right, linesTop + lines), "Error of the streams after each layer, relative to the reference", [.. Enumerable.Range(0, compared[0].Result.LayerErrors.Count).Select(layer => layer.ToString(CultureInfo.InvariantCulture))], "layer",
                [.. compared.Select(model => new LinePanel.Series(RowPanel.Short(model.Name), SvgDrawing.ColourOf(Models.ToList().IndexOf(model)), model.Result.LayerErrors))]);
        }

        return drawing.ToString();
    }

    /// <inheritdoc/>
    protected override object More() => new { reference = new { name = Reference, bytes = ReferenceFacts.Bytes, bits_per_weight = ReferenceFacts.BitsPerWeight, perplexity = First.ReferencePerplexity } };

    /// <inheritdoc/>
    protected override object Figures(DivergenceResult result) => new
    {
        mean_divergence = result.MeanDivergence,
        percentiles = result.Percentiles.ToDictionary(pair => pair.Percent.ToString(CultureInfo.InvariantCulture), pair => pair.Divergence),
        agreement = result.Agreement,
        perplexity = result.Perplexity,
        layer_errors = result.LayerErrors,
        layer_stride = result.LayerStride,
    };

    private static void Row(StringBuilder text, string name, ModelFacts facts, double[] divergences, double agreement, double perplexity, double? error) =>
        text.Append(CultureInfo.InvariantCulture, $"| {ReportText.Cell(name)} | {MemorySize.Format(facts.Bytes)} | {facts.BitsPerWeight:0.00} |").AppendJoin(string.Empty, divergences.Select(value => $" {ReportText.Number(value)} |"))
            .Append(CultureInfo.InvariantCulture, $" {100 * agreement:0.00} % | {perplexity:0.0000} | {(error is { } value ? ReportText.Number(value) : "other layers")} |\n");

    private static string PercentName(double percent) => percent >= 100 ? "largest" : string.Create(CultureInfo.InvariantCulture, $"{percent:0.#} %");

    private static RowPanel.Row PanelRow(SvgDrawing drawing, Scale x, MeasuredResult<DivergenceResult> model, string colour)
    {
        DivergenceResult result = model.Result;
        return new RowPanel.Row(model.Name, model.Facts.Size + " a weight", colour, ($"mean KL {ReportText.Number(result.MeanDivergence)}", string.Create(CultureInfo.InvariantCulture, $"{100 * result.Agreement:0.0} % same token")), y =>
        {
            drawing.Line(x[result.Percentiles[0].Divergence], y, x[result.Percentiles[^1].Divergence], y, colour, 3);
            foreach ((double percent, double divergence) in result.Percentiles) Mark(drawing, x[divergence], y, colour, percent, $"{model.Name}, {PercentName(percent)}: {ReportText.Number(divergence)}");
            drawing.Diamond(x[result.MeanDivergence], y, 7, colour, $"{model.Name}, mean: {ReportText.Number(result.MeanDivergence)}");
        });
    }

    // The median is filled, the largest hollow, shares between them strokes that become shorter.
    private static void Mark(SvgDrawing drawing, double x, double y, string colour, double percent, string title)
    {
        double half = percent switch { <= 90 => 10, <= 99 => 7, _ => 4 };
        if (percent is > 50 and < 100) drawing.Line(x, y - half, x, y + half, colour, 3);
        else drawing.Circle(x, y, 5, percent <= 50 ? colour : "white", colour, title);
    }

    private static void Legend(SvgDrawing drawing, double x, double y)
    {
        foreach ((double percent, string name) in ((double, string)[])[(50, "median"), (90, "90 % of tokens"), (99, "99 %"), (99.9, "99.9 %"), (100, "largest")])
        {
            Mark(drawing, x + 6, y - 4, SvgDrawing.Grey, percent, name);
            drawing.Text(x + 17, y, name, fill: SvgDrawing.Grey, size: 11);
            x += 36 + (name.Length * 6.2);
        }

        drawing.Diamond(x + 6, y - 4, 6, SvgDrawing.Grey, "mean");
        drawing.Text(x + 17, y, "mean", fill: SvgDrawing.Grey, size: 11);
    }
}
