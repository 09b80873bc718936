using System.Globalization;
using System.Text;
using Fathom.Evaluation.Drawing;
using Fathom.Model.Streaming;

namespace Fathom.Evaluation.Predictions;

/// <summary>How well models predict a text, as tables, as a picture and as JSON.</summary>
/// <param name="Models">The models, at least one.</param>
/// <param name="Options">How the text was read.</param>
public sealed record PerplexityReport(IReadOnlyList<MeasuredResult<PerplexityResult>> Models, MeasurementOptions Options)
    : MeasurementReport<PerplexityResult>(Models, Options)
{
    // Of a normal distribution about 95 per cent lie within.
    private const double StandardErrors = 2;

    // Of a place that is drawn.
    private const int LeastTokens = 32;

    /// <inheritdoc/>
    protected override string Name => "perplexity";

    /// <inheritdoc/>
    protected override int Tokens => First.Tokens;

    /// <summary>Markdown: a row for each model, and the loss by the tokens that were known.</summary>
    public override string Table()
    {
        var text = new StringBuilder();
        text.Append(Reading).Append("\n\n");
        text.Append("| model | size | bits a weight | perplexity | loss in nats | standard error |\n|---|---:|---:|---:|---:|---:|\n");
        foreach (MeasuredResult<PerplexityResult> model in Models)
            text.Append(CultureInfo.InvariantCulture, $"| {ReportText.Cell(model.Name)} | {MemorySize.Format(model.Facts.Bytes)} | {model.Facts.BitsPerWeight:0.00} | {model.Result.Perplexity:0.0000} | {model.Result.MeanLoss:0.00000} | {model.Result.LossError:0.00000} |\n");

        text.Append("\nLoss by the tokens that were known:\n\n| known | tokens |").AppendJoin(string.Empty, Models.Select(model => $" {ReportText.Cell(model.Name)} |")).Append("\n|---:|---:|").AppendJoin(string.Empty, Models.Select(_ => "---:|")).Append('\n');
        for (int place = 0; place < First.Places.Count; place++)
            text.Append(CultureInfo.InvariantCulture, $"| {PlaceName(First.Places[place])} | {First.Places[place].Tokens:n0} |").AppendJoin(string.Empty, Models.Select(model => string.Create(CultureInfo.InvariantCulture, $" {model.Result.Places[place].MeanLoss:0.0000} |"))).Append('\n');
        return text.ToString();
    }

    /// <summary>An SVG drawing: the loss of each model with its standard error, and by the tokens that were known.</summary>
    public override string Picture()
    {
        const int width = 920, left = 220, right = width - 200, top = 72, lines = 220;
        int rowsEnd = top + (Models.Count * RowPanel.RowHeight), linesTop = rowsEnd + 110;
        var drawing = new SvgDrawing(width, linesTop + lines + 50);
        var x = Scale.Even(Models.SelectMany(model => (double[])[Least(model.Result), Most(model.Result)]), left, right, startsAtZero: false);
        RowPanel.Draw(drawing, (left, top, right), string.Create(CultureInfo.InvariantCulture, $"How well {First.Tokens:n0} tokens are predicted"), x, [.. Models.Select((model, i) => PanelRow(drawing, x, model, SvgDrawing.ColourOf(i)))]);
        drawing.Text(left, top - 12, "mean, and two standard errors on both sides (tokens taken as independent)", fill: SvgDrawing.Grey, size: 11);
        drawing.Text((left + right) / 2.0, rowsEnd + 36, "loss for each token, in nats; left is better", "middle");

        // Places with a handful of tokens say little, and the beginning of a text is out of proportion.
        int[] places = [.. Enumerable.Range(0, First.Places.Count).Where(place => First.Places[place].Tokens >= LeastTokens)];
        if (places.Length < 2) places = [.. Enumerable.Range(0, First.Places.Count)];
        LinePanel.Draw(drawing, (70, linesTop, right, linesTop + lines), "Loss by the tokens of the window that were known", [.. places.Select(place => $"{First.Places[place].FirstKnown}+")], "known tokens",
            [.. Models.Select((model, i) => new LinePanel.Series(RowPanel.Short(model.Name), SvgDrawing.ColourOf(i), [.. places.Select(place => model.Result.Places[place].MeanLoss)]))], startsAtZero: false);
        return drawing.ToString();
    }

    /// <inheritdoc/>
    protected override object Figures(PerplexityResult result) => new
    {
        perplexity = result.Perplexity,
        mean_loss = result.MeanLoss,
        loss_error = result.LossError,
        places = result.Places.Select(place => new { first_known = place.FirstKnown, last_known = place.LastKnown, tokens = place.Tokens, mean_loss = place.MeanLoss }),
    };

    private static string PlaceName(PlaceLoss place) => place.FirstKnown == place.LastKnown ? $"{place.FirstKnown}" : $"{place.FirstKnown}–{place.LastKnown}";

    private static double Least(PerplexityResult result) => result.MeanLoss - (StandardErrors * result.LossError);

    private static double Most(PerplexityResult result) => result.MeanLoss + (StandardErrors * result.LossError);

    private static RowPanel.Row PanelRow(SvgDrawing drawing, Scale x, MeasuredResult<PerplexityResult> model, string colour)
    {
        PerplexityResult result = model.Result;
        return new RowPanel.Row(model.Name, model.Facts.Size + " a weight", colour, (string.Create(CultureInfo.InvariantCulture, $"perplexity {result.Perplexity:0.000}"), string.Create(CultureInfo.InvariantCulture, $"loss {result.MeanLoss:0.0000}")), y =>
        {
            drawing.Line(x[Least(result)], y, x[Most(result)], y, colour, 3);
            drawing.Diamond(x[result.MeanLoss], y, 7, colour, $"{model.Name}: {ReportText.Number(result.MeanLoss)}");
        });
    }
}
