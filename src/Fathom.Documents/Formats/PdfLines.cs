using System.Text;
using UglyToad.PdfPig.Content;

namespace Fathom.Documents.Formats;

/// <summary>
/// Puts the words of a page into lines in reading order. Words on one height are one line, so that rows of tables stay together;
/// only where two columns of running text stand side by side, the left one is read before the right one.
/// </summary>
internal static class PdfLines
{
    /// <summary>Words whose middles differ by less than this share of their height are on one line.</summary>
    private const double SameLine = 0.5;

    /// <summary>A column is text, and no part of a table, if its lines fill this share of its width on average.</summary>
    private const double FilledLines = 0.6;

    /// <summary>Fewer lines side by side than this are no columns.</summary>
    private const int FewestLines = 6;

    public static string[] Of(IEnumerable<Word> words)
    {
        Line[] lines = InLines(words);
        if (Gutter(lines) is not { } gutter) return [.. lines.Select(line => line.Text(0))];
        var ordered = new List<string>();
        var left = new List<string>();
        var right = new List<string>();
        foreach (Line line in lines)
        {
            int split = line.SplitAt(gutter);
            if (split < 0)
            {
                // A headline over both columns ends what stands above it.
                Flush();
                ordered.Add(line.Text(0));
                continue;
            }

            if (split > 0) left.Add(line.Text(0, split));
            if (split < line.Words.Count) right.Add(line.Text(split));
        }

        Flush();
        return [.. ordered];

        void Flush()
        {
            ordered.AddRange(left);
            ordered.AddRange(right);
            left.Clear();
            right.Clear();
        }
    }

    private static Line[] InLines(IEnumerable<Word> words)
    {
        var lines = new List<Line>();
        foreach (Word word in words.Where(word => !string.IsNullOrWhiteSpace(word.Text)).OrderByDescending(Middle))
        {
            // Superscripts and mixed sizes: the last lines are candidates, the nearest wins.
            Line? line = null;
            for (int i = lines.Count - 1; i >= 0 && i >= lines.Count - 3; i--)
            {
                double height = Math.Max(Math.Min(word.BoundingBox.Height, lines[i].Height), 1);
                double distance = Math.Abs(lines[i].Middle - Middle(word));
                if (distance <= height * SameLine && (line is null || distance < Math.Abs(line.Middle - Middle(word)))) line = lines[i];
            }

            if (line is null) lines.Add(line = new Line(Middle(word), word.BoundingBox.Height));
            line.Words.Add(word);
        }

        foreach (Line line in lines) line.Words.Sort((one, other) => one.BoundingBox.Left.CompareTo(other.BoundingBox.Left));
        return [.. lines];
    }

    /// <summary>Baselines would be better than middles, but letters below the line are few and fonts lie about both.</summary>
    private static double Middle(Word word) => word.Letters.Count > 0 ? word.Letters[0].StartBaseLine.Y : (word.BoundingBox.Top + word.BoundingBox.Bottom) / 2;

    /// <summary>The middle of the free stripe between two columns of text, or null.</summary>
    private static double? Gutter(Line[] lines)
    {
        if (lines.Length < FewestLines) return null;
        double start = lines.Min(line => line.Words[0].BoundingBox.Left);
        double end = lines.Max(line => line.Words[^1].BoundingBox.Right);
        double width = end - start;
        if (!(width > 0) || double.IsInfinity(width)) return null;
        double? best = null;
        int most = 0;
        for (int step = 30; step <= 70; step++)
        {
            double x = start + (width * step / 100);
            int both = 0;
            int crossing = 0;
            double leftFill = 0;
            double rightFill = 0;
            foreach (Line line in lines)
            {
                int split = line.SplitAt(x);
                if (split < 0)
                {
                    crossing++;
                }
                else if (split > 0 && split < line.Words.Count && line.Words[split].BoundingBox.Left - line.Words[split - 1].BoundingBox.Right > Math.Max(line.Height, 4))
                {
                    both++;
                    leftFill += (line.Words[split - 1].BoundingBox.Right - line.Words[0].BoundingBox.Left) / (x - start);
                    rightFill += (line.Words[^1].BoundingBox.Right - line.Words[split].BoundingBox.Left) / (end - x);
                }
            }

            if (both < FewestLines || crossing > both / 2 || leftFill / both < FilledLines || rightFill / both < FilledLines || both <= most) continue;
            most = both;
            best = x;
        }

        return best;
    }

    private sealed class Line(double middle, double height)
    {
        public double Middle { get; } = middle;

        public double Height { get; } = height;

        public List<Word> Words { get; } = [];

        /// <summary>Index of the first word right of a place; -1 when a word stands across it.</summary>
        public int SplitAt(double x)
        {
            int split = 0;
            while (split < Words.Count && Words[split].BoundingBox.Right <= x) split++;
            return split < Words.Count && Words[split].BoundingBox.Left < x ? -1 : split;
        }

        public string Text(int from, int to = int.MaxValue)
        {
            var text = new StringBuilder();
            for (int i = from; i < Math.Min(to, Words.Count); i++) text.Append(text.Length > 0 ? " " : string.Empty).Append(Words[i].Text);
            return text.ToString();
        }
    }
}
