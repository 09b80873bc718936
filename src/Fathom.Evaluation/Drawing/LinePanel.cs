namespace Fathom.Evaluation.Drawing;

/// <summary>A part of a drawing with a line for each of several things over the same places, and their names where the lines end.</summary>
internal static class LinePanel
{
    private const int LeastBetweenNames = 14, MostMarks = 12, MostPlaces = 16;

    /// <summary>A thing's line.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Colour">Its colour.</param>
    /// <param name="Values">A value for each place.</param>
    internal sealed record Series(string Name, string Colour, IReadOnlyList<double> Values);

    /// <summary>Draws it.</summary>
    /// <param name="drawing">Where.</param>
    /// <param name="area">Left, top, right and bottom of the lines; titles, names and numbers stand around it.</param>
    /// <param name="title">What is shown.</param>
    /// <param name="places">Labels of the places.</param>
    /// <param name="placeName">What places are.</param>
    /// <param name="all">The lines.</param>
    /// <param name="startsAtZero">Whether the scale begins at zero.</param>
    public static void Draw(SvgDrawing drawing, (int Left, int Top, int Right, int Bottom) area, string title, IReadOnlyList<string> places, string placeName, IReadOnlyList<Series> all, bool startsAtZero = true)
    {
        var y = Scale.Even(all.SelectMany(series => series.Values), area.Bottom, area.Top, startsAtZero);
        double X(int place) => area.Left + ((area.Right - area.Left) * (places.Count > 1 ? (double)place / (places.Count - 1) : 0.5));
        drawing.Text(area.Left, area.Top - 16, title, size: 14, isBold: true);
        foreach (double step in y.Steps)
        {
            drawing.Line(area.Left, y[step], area.Right, y[step], SvgDrawing.Grid);
            drawing.Text(area.Left - 6, y[step] + 4, Scale.Label(step), "end");
        }

        int every = (places.Count + MostPlaces - 1) / MostPlaces;
        for (int place = 0; place < places.Count; place += every) drawing.Text(X(place), area.Bottom + 18, places[place], "middle");
        drawing.Text((area.Left + area.Right) / 2.0, area.Bottom + 36, placeName, "middle");
        foreach (Series series in all)
        {
            drawing.Polyline(series.Values.Select((value, place) => (X(place), y[value])), series.Colour);
            if (series.Values.Count > MostMarks) continue;
            for (int place = 0; place < series.Values.Count; place++) drawing.Circle(X(place), y[series.Values[place]], 3, series.Colour, series.Colour, $"{series.Name}, {placeName} {places[place]}: {Scale.Label(series.Values[place])}");
        }

        // From the top down, each name at its line's end or just below the name before; then upward where the last would leave the area.
        Series[] ordered = [.. all.Where(series => series.Values.Count > 0).OrderBy(series => y[series.Values[^1]])];
        var heights = new double[ordered.Length];
        for (int i = 0; i < ordered.Length; i++) heights[i] = Math.Max(y[ordered[i].Values[^1]], i > 0 ? heights[i - 1] + LeastBetweenNames : double.NegativeInfinity);
        for (int i = ordered.Length - 1; i >= 0; i--) heights[i] = Math.Min(heights[i], i < ordered.Length - 1 ? heights[i + 1] - LeastBetweenNames : area.Bottom);
        for (int i = 0; i < ordered.Length; i++) drawing.Text(area.Right + 8, heights[i] + 4, ordered[i].Name, fill: ordered[i].Colour);
    }
}
