using System.Globalization;
using System.Text;
using Fathom.Checkpoints;

namespace Fathom.Benchmarks;

/// <summary>Draws what <see cref="LongContext"/> printed, one file for each run: bytes of caches against tokens, measured as points, the specification's formula as lines.</summary>
internal static class ContextPicture
{
    private const int Width = 760, Height = 420, Left = 80, Top = 20, Right = 20, Bottom = 50;
    private const double LeastTokens = 1e3, MostTokens = 2e6, LeastBytes = 1e5, MostBytes = 1e9;

    private static readonly string[] Colours = ["#1f77b4", "#d62728", "#2ca02c"];

    private sealed record Series(string Name, double BytesPerToken, double FixedBytes, (double Tokens, double Bytes)[] Points);

    public static void Run(string folder, string[] runs)
    {
        Series[] all = [.. runs.Select(Read)];
        var svg = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width}\" height=\"{Height}\" font-family=\"sans-serif\" font-size=\"12\"><rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"));
        foreach ((double bytes, string label) in ((double, string)[])[(1e5, "0.1 MB"), (1e6, "1 MB"), (1e7, "10 MB"), (1e8, "100 MB"), (1e9, "1 GB")])
            svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{Left}\" y1=\"{Y(bytes):0.0}\" x2=\"{Width - Right}\" y2=\"{Y(bytes):0.0}\" stroke=\"#dddddd\"/><text x=\"{Left - 6}\" y=\"{Y(bytes) + 4:0}\" text-anchor=\"end\">{label}</text>\n");
        for (double tokens = LeastTokens; tokens < MostTokens; tokens *= 10)
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{X(tokens):0}\" y=\"{Height - Bottom + 18}\" text-anchor=\"middle\">{tokens:n0}</text>\n");
        for (int i = 0; i < all.Length; i++) Draw(svg, all[i], Colours[i % Colours.Length], Top + 15 + (15 * i));
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{(Width + Left) / 2}\" y=\"{Height - 8}\" text-anchor=\"middle\">tokens of the session</text>\n<text x=\"16\" y=\"{Height / 2}\" transform=\"rotate(-90 16 {Height / 2})\" text-anchor=\"middle\">bytes of caches</text>\n</svg>\n");
        Directory.CreateDirectory(folder);
        AtomicFile.Write(Path.Combine(folder, "context.svg"), svg.ToString());
    }

    // The formula's growth starts from the first measured point: what comes before are windows and raw rows, which do not grow.
    private static void Draw(StringBuilder svg, Series series, string colour, int legend)
    {
        double first = series.Points[0].Tokens, last = series.Points[^1].Tokens;
        IEnumerable<string> curve = Enumerable.Range(0, 61).Select(i => first * Math.Pow(last / first, i / 60.0)).Select(tokens => string.Create(CultureInfo.InvariantCulture, $"{X(tokens):0.0},{Y(series.FixedBytes + (series.BytesPerToken * tokens)):0.0}"));
        svg.Append(CultureInfo.InvariantCulture, $"<polyline points=\"{string.Join(' ', curve)}\" fill=\"none\" stroke=\"{colour}\"/>\n");
        foreach ((double tokens, double bytes) in series.Points)
            svg.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{X(tokens):0.0}\" cy=\"{Y(bytes):0.0}\" r=\"4.5\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"><title>{tokens:n0} tokens, {bytes:n0} bytes</title></circle>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left + 10}\" y=\"{legend}\" fill=\"{colour}\">{series.Name}: circles measured, line {series.BytesPerToken:0.0} bytes per token by the formula</text>\n");
    }

    private static Series Read(string path)
    {
        string[] lines = File.ReadAllLines(path);
        string head = lines.First(line => line.Contains(LongContext.PerToken, StringComparison.Ordinal));
        int mark = head.IndexOf(LongContext.PerToken, StringComparison.Ordinal), open = head.IndexOf('(', mark);
        double perToken = Number(head[..mark].Split(' ')[^1]);
        (double Tokens, double Bytes)[] points =
        [
            .. lines.Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(words => words.Length > 4 && char.IsAsciiDigit(words[0][0]))
                .Select(words => (Number(words[0]), Number(words[1]))),
        ];
        return new Series(head[(open + 1)..^1], perToken, points[0].Bytes - (perToken * points[0].Tokens), points);
    }

    private static double Number(string text) => double.Parse(text, NumberStyles.Number, CultureInfo.InvariantCulture);

    private static double X(double tokens) => Left + ((Width - Left - Right) * Math.Log(tokens / LeastTokens) / Math.Log(MostTokens / LeastTokens));

    private static double Y(double bytes) => Height - Bottom - ((Height - Top - Bottom) * Math.Log(bytes / LeastBytes) / Math.Log(MostBytes / LeastBytes));
}
