using System.Text;
using UglyToad.PdfPig.Content;

namespace Fathom.Documents.Formats;

/// <summary>
/// Puts the words of a page into lines in reading order. Words on one height are one line, so that rows of tables stay together;
/// only where columns of running text stand side by side, each is read before the one to its right. What stands across columns, such as a
/// headline, and a wide gap, such as a figure, end the columns above them.
/// </summary>
internal static class PdfLines
{
    /// <summary>Words whose middles differ by less than this share of their height are on one line.</summary>
    private const double SameLine = 0.5;

    /// <summary>A column is text, and no part of a table, if its lines fill this share of its width on average.</summary>
    private const double FilledLines = 0.6;

    /// <summary>Fewer lines side by side than this are no columns.</summary>
    private const int FewestLines = 6;

    private const int MostGutters = 3;

    /// <summary>A gap of more lines than this over all columns is a figure.</summary>
    private const double FigureLines = 6;

    public static string[] Of(IEnumerable<Word> words)
    {
        Line[] lines = InLines(words);
        double[] gutters = Gutters(lines);
        if (gutters.Length == 0) return [.. lines.Select(line => line.Text(0))];
        var ordered = new List<string>();
        List<string>[] columns = [.. Enumerable.Range(0, gutters.Length + 1).Select(_ => new List<string>())];
        Line? before = null;
        foreach (Line line in lines)
        {
            if (before is not null && before.Middle - line.Middle > FigureLines * Math.Max(line.Height, before.Height)) Flush();
            before = line;
            int[] splits = [0, .. gutters.Select(line.SplitAt), line.Words.Count];
            if (splits.Contains(-1))
            {
                // A headline over columns ends what stands above it; beside it there may be a column that it leaves free.
                Flush();
                int from = 0;
                foreach (int to in splits.Skip(1).Where(split => split >= 0))
                {
                    if (to > from) ordered.Add(line.Text(from, to));
                    from = Math.Max(from, to);
                }

                continue;
            }

            for (int i = 0; i < columns.Length; i++)
            {
                if (splits[i + 1] > splits[i]) columns[i].Add(line.Text(splits[i], splits[i + 1]));
            }
        }

        Flush();
        return [.. ordered];

        void Flush()
        {
            foreach (List<string> column in columns)
            {
                ordered.AddRange(column);
                column.Clear();
            }
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

    /// <summary>The free stripes between columns of text, from left to right; none where there is one column, or a table.</summary>
    private static double[] Gutters(Line[] lines)
    {
        if (lines.Length < FewestLines) return [];
        double start = lines.Min(line => line.Words[0].BoundingBox.Left);
        double end = lines.Max(line => line.Words[^1].BoundingBox.Right);
        double width = end - start;
        if (!(width > 0) || double.IsInfinity(width)) return [];

        // Neighbouring places are one stripe; the one that most lines leave free stands for it.
        var stripes = new List<(double X, int Lines)>();
        bool isOpen = false;
        for (int step = 15; step <= 85; step++)
        {
            double x = start + (width * step / 100);
            int count = LinesBeside(lines, x);
            if (count > 0 && isOpen && count > stripes[^1].Lines) stripes[^1] = (x, count);
            else if (count > 0 && !isOpen) stripes.Add((x, count));
            isOpen = count > 0;
        }

        double[] all = [.. stripes.Select(stripe => stripe.X)];
        if (all.Length <= MostGutters && AreFilled(lines, all, start, end)) return all;
        return [.. stripes.OrderByDescending(stripe => stripe.Lines).Select(stripe => stripe.X).Where(x => AreFilled(lines, [x], start, end)).Take(1)];
    }

    /// <summary>How many lines stand on either side of a place; 0 when they are too few, or too many stand across.</summary>
    private static int LinesBeside(Line[] lines, double x)
    {
        int left = 0;
        int right = 0;
        int crossing = 0;
        foreach (Line line in lines)
        {
            int split = line.SplitAt(x);
            if (split < 0)
            {
                crossing++;
                continue;
            }

            if (split > 0) left++;
            if (split < line.Words.Count) right++;
        }

        int both = Math.Min(left, right);
        return both < FewestLines || crossing > both / 2 ? 0 : both;
    }

    /// <summary>Whether the lines of every column fill its width.</summary>
    private static bool AreFilled(Line[] lines, double[] gutters, double start, double end)
    {
        double[] edges = [start, .. gutters, end];
        for (int i = 0; i + 1 < edges.Length; i++)
        {
            double fill = 0;
            int count = 0;
            foreach (Line line in lines)
            {
                int from = i == 0 ? 0 : line.SplitAt(edges[i]);
                int to = i + 2 == edges.Length ? line.Words.Count : line.SplitAt(edges[i + 1]);
                if (from < 0 || to <= from) continue;
                fill += (line.Words[to - 1].BoundingBox.Right - line.Words[from].BoundingBox.Left) / (edges[i + 1] - edges[i]);
                count++;
            }

            if (count < FewestLines || fill / count < FilledLines) return false;
        }

        return gutters.Length > 0;
    }

    private sealed class Line(double middle, double height)
    {
        public double Middle { get; } = middle;

        public double Height { get; } = height;

        public List<Word> Words { get; } = [];

        /// <summary>Index of the first word right of a place; -1 when a word, or no more than the space between two words, stands there.</summary>
        public int SplitAt(double x)
        {
            int split = 0;
            while (split < Words.Count && Words[split].BoundingBox.Right <= x) split++;
            if (split == Words.Count) return split;
            if (Words[split].BoundingBox.Left < x) return -1;
            return split > 0 && Words[split].BoundingBox.Left - Words[split - 1].BoundingBox.Right <= Math.Max(Height, 4) ? -1 : split;
        }

        public string Text(int from, int to = int.MaxValue)
        {
            var text = new StringBuilder();
            for (int i = from; i < Math.Min(to, Words.Count); i++) text.Append(text.Length > 0 ? " " : string.Empty).Append(Words[i].Text);
            return text.ToString();
        }
    }
}
