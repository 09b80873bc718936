using System.Globalization;
using System.Net;
using System.Text;

namespace Fathom.Evaluation.Drawing;

/// <summary>A drawing of lines, marks and texts that a browser shows. Texts are escaped.</summary>
internal sealed class SvgDrawing
{
    /// <summary>Colours that are told apart, for things that are compared.</summary>
    public static readonly IReadOnlyList<string> Colours = ["#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22"];

    /// <summary>For lines of a grid, and for words of less weight.</summary>
    public const string Grid = "#dddddd", Grey = "#777777", Black = "#222222";

    private readonly StringBuilder svg = new();

    /// <summary>Begins a white drawing.</summary>
    public SvgDrawing(int width, int height) =>
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");

    /// <summary>The colour of a thing by its number.</summary>
    public static string ColourOf(int index) => Colours[index % Colours.Count];

    /// <summary>A text; <paramref name="anchor"/> is start, middle or end.</summary>
    public void Text(double x, double y, string text, string anchor = "start", string fill = Black, int size = 12, bool isBold = false) =>
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x:0.#}\" y=\"{y:0.#}\" text-anchor=\"{anchor}\" fill=\"{fill}\" font-size=\"{size}\"{(isBold ? " font-weight=\"bold\"" : string.Empty)}>{Escape(text)}</text>\n");

    /// <summary>A straight line.</summary>
    public void Line(double x1, double y1, double x2, double y2, string stroke, double width = 1) =>
        svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{x1:0.#}\" y1=\"{y1:0.#}\" x2=\"{x2:0.#}\" y2=\"{y2:0.#}\" stroke=\"{stroke}\" stroke-width=\"{width:0.#}\"/>\n");

    /// <summary>A line through points.</summary>
    public void Polyline(IEnumerable<(double X, double Y)> points, string stroke) =>
        svg.Append("<polyline fill=\"none\" stroke-width=\"2\" stroke=\"").Append(stroke).Append("\" points=\"").AppendJoin(' ', points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{point.X:0.#},{point.Y:0.#}"))).Append("\"/>\n");

    /// <summary>A round mark that says more when the pointer rests on it.</summary>
    public void Circle(double x, double y, double radius, string fill, string stroke, string title) =>
        svg.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{x:0.#}\" cy=\"{y:0.#}\" r=\"{radius:0.#}\" fill=\"{fill}\" stroke=\"{stroke}\" stroke-width=\"1.5\"><title>{Escape(title)}</title></circle>\n");

    /// <summary>A mark that stands on its corner.</summary>
    public void Diamond(double x, double y, double radius, string fill, string title) =>
        svg.Append(CultureInfo.InvariantCulture, $"<path d=\"M{x - radius:0.#} {y:0.#}L{x:0.#} {y - radius:0.#}L{x + radius:0.#} {y:0.#}L{x:0.#} {y + radius:0.#}Z\" fill=\"{fill}\" stroke=\"white\"><title>{Escape(title)}</title></path>\n");

    /// <summary>The whole drawing.</summary>
    public override string ToString() => svg + "</svg>\n";

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}
