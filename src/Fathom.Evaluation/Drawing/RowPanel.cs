namespace Fathom.Evaluation.Drawing;

/// <summary>A part of a drawing with a row for each of several things: name and size on the left, marks on a scale, words on the right.</summary>
internal static class RowPanel
{
    /// <summary>Height of a row.</summary>
    public const int RowHeight = 44;

    /// <summary>Characters of a name that there is room for.</summary>
    public const int MostCharacters = 28;

    /// <summary>A thing.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Below">What stands below the name.</param>
    /// <param name="Colour">Its colour.</param>
    /// <param name="Right">Two short lines on the right.</param>
    /// <param name="Marks">Draws the marks at a height.</param>
    internal sealed record Row(string Name, string Below, string Colour, (string First, string Second) Right, Action<double> Marks);

    /// <summary>Draws it.</summary>
    /// <param name="drawing">Where.</param>
    /// <param name="area">Left, top and right of the scale.</param>
    /// <param name="title">What is shown.</param>
    /// <param name="x">The scale.</param>
    /// <param name="rows">The things.</param>
    public static void Draw(SvgDrawing drawing, (int Left, int Top, int Right) area, string title, Scale x, IReadOnlyList<Row> rows)
    {
        int bottom = area.Top + (rows.Count * RowHeight);
        drawing.Text(16, area.Top - 38, title, size: 14, isBold: true);
        foreach (double step in x.Steps)
        {
            drawing.Line(x[step], area.Top, x[step], bottom, SvgDrawing.Grid);
            drawing.Text(x[step], bottom + 18, Scale.Label(step), "middle");
        }

        for (int i = 0; i < rows.Count; i++)
        {
            double y = area.Top + (RowHeight * (i + 0.5));
            drawing.Text(16, y - 2, Short(rows[i].Name), fill: rows[i].Colour, isBold: true);
            drawing.Text(16, y + 13, rows[i].Below, fill: SvgDrawing.Grey, size: 11);
            drawing.Line(area.Left, y, area.Right, y, SvgDrawing.Grid);
            rows[i].Marks(y);
            drawing.Text(area.Right + 14, y - 2, rows[i].Right.First);
            drawing.Text(area.Right + 14, y + 13, rows[i].Right.Second, fill: SvgDrawing.Grey, size: 11);
        }
    }

    /// <summary>A name that fits.</summary>
    public static string Short(string name) => name.Length <= MostCharacters ? name : name[..(MostCharacters - 1)] + "…";
}
