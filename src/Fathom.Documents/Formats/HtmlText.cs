using System.Text;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;

namespace Fathom.Documents.Formats;

/// <summary>The visible text of a web page, line by line as a browser without styles would show it. Nothing is loaded and no script runs.</summary>
internal static class HtmlText
{
    private static readonly HashSet<string> Invisible = new(StringComparer.OrdinalIgnoreCase) { "script", "style", "noscript", "template", "svg", "canvas", "iframe", "object", "head", "select", "datalist", "math" };

    private static readonly HashSet<string> Blocks = new(StringComparer.OrdinalIgnoreCase)
    {
        "address", "article", "aside", "blockquote", "body", "caption", "dd", "details", "dialog", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
        "header", "hr", "li", "main", "nav", "ol", "option", "p", "pre", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul",
    };

    public static void Read(string html, PieceList pieces)
    {
        IDocument page = new HtmlParser(new HtmlParserOptions { IsScripting = false, OnCreated = (_, _) => pieces.Cancellation.ThrowIfCancellationRequested() }).ParseDocument(html);
        pieces.Cancellation.ThrowIfCancellationRequested();
        var lines = new Lines(pieces);
        if (page.Title is { Length: > 0 } title)
        {
            lines.Text(title, isPreformatted: false);
            lines.Break();
        }

        Walk(page, lines, pieces.Cancellation);
        lines.Break();
    }

    /// <summary>Without recursion: pages may nest as deep as they like.</summary>
    private static void Walk(IDocument page, Lines lines, CancellationToken cancellation)
    {
        INode? node = page.Body;
        INode? root = node;
        int preformatted = 0;
        while (node is not null)
        {
            cancellation.ThrowIfCancellationRequested();
            bool isEntered = true;
            if (node is IText text)
            {
                lines.Text(text.Data, preformatted > 0);
            }
            else if (node is IElement element)
            {
                isEntered = !IsHidden(element);
                if (isEntered) preformatted += Enter(element, lines);
            }

            if (isEntered && node.FirstChild is { } child)
            {
                node = child;
                continue;
            }

            if (isEntered && node is IElement empty) preformatted -= Leave(empty, lines);
            while (node is not null && node != root && node.NextSibling is null)
            {
                node = node.Parent;
                if (node is IElement left) preformatted -= Leave(left, lines);
            }

            node = node is null || node == root ? null : node.NextSibling;
        }
    }

    private static int Enter(IElement element, Lines lines)
    {
        string name = element.LocalName;
        if (Blocks.Contains(name)) lines.Break();
        if (name == "br") lines.LineBreak();
        else if (name == "li") lines.Prefix("- ");
        else if (name is ['h', >= '1' and <= '6']) lines.Prefix(new string('#', name[1] - '0') + " ");
        else if (name is "td" or "th" && element.PreviousElementSibling is not null) lines.Cell();
        return name is "pre" or "textarea" ? 1 : 0;
    }

    private static int Leave(IElement element, Lines lines)
    {
        if (Blocks.Contains(element.LocalName)) lines.Break();
        return element.LocalName is "pre" or "textarea" ? 1 : 0;
    }

    private static bool IsHidden(IElement element) =>
        Invisible.Contains(element.LocalName) || element.HasAttribute("hidden") ||
        (element.GetAttribute("style") is { } style && (style.Replace(" ", string.Empty, StringComparison.Ordinal) is var plain && (plain.Contains("display:none", StringComparison.OrdinalIgnoreCase) || plain.Contains("visibility:hidden", StringComparison.OrdinalIgnoreCase))));

    /// <summary>Puts lines together: white space becomes one space, blocks end lines.</summary>
    private sealed class Lines(PieceList pieces)
    {
        private readonly StringBuilder line = new();
        private string prefix = string.Empty;
        private bool isSpaceDue;
        private int number;

        public void Text(string text, bool isPreformatted)
        {
            foreach (char c in text)
            {
                if (isPreformatted && c == '\n')
                {
                    LineBreak();
                }
                else if (!isPreformatted && c is ' ' or '\t' or '\n' or '\r' or '\f')
                {
                    isSpaceDue = line.Length > 0;
                }
                else if (c is not ('\u00ad' or '\u200b'))
                {
                    if (isSpaceDue && line.Length > 0) line.Append(' ');
                    isSpaceDue = false;
                    line.Append(c);
                }
            }
        }

        public void Prefix(string text) => prefix = text;

        public void Cell()
        {
            line.Append(" | ");
            isSpaceDue = false;
        }

        public void LineBreak()
        {
            if (line.Length > 0) Break();
            else number++;
        }

        public void Break()
        {
            isSpaceDue = false;
            if (line.Length == 0) return;
            pieces.Add(prefix + line, ++number);
            prefix = string.Empty;
            line.Clear();
        }
    }
}
