namespace Fathom.Cli.Chat;

/// <summary>A line of input that is being edited: text, cursor and the lines before it.</summary>
internal sealed class LineBuffer
{
    private readonly List<string> history = [];
    private int historyPlace;
    private string unfinished = string.Empty;

    public string Text { get; private set; } = string.Empty;

    /// <summary>Where the next character goes, 0..length.</summary>
    public int Cursor { get; private set; }

    public void Insert(string text)
    {
        Text = Text.Insert(Cursor, text);
        Cursor += text.Length;
    }

    public void Left() => Cursor = PreviousBoundary();

    public void Right() => Cursor = NextBoundary();

    public void Home() => Cursor = 0;

    public void End() => Cursor = Text.Length;

    public void WordLeft() => Cursor = PreviousWord();

    public void WordRight()
    {
        while (Cursor < Text.Length && !char.IsLetterOrDigit(Text[Cursor])) Cursor++;
        while (Cursor < Text.Length && char.IsLetterOrDigit(Text[Cursor])) Cursor++;
    }

    public void Backspace() => RemoveBack(PreviousBoundary());

    public void BackspaceWord() => RemoveBack(PreviousWord());

    public void BackspaceAll() => RemoveBack(0);

    public void Delete() => Text = Text.Remove(Cursor, NextBoundary() - Cursor);

    public void DeleteToEnd() => Text = Text[..Cursor];

    /// <summary>Goes one line back in history.</summary>
    public void Older()
    {
        if (historyPlace == 0) return;
        if (historyPlace == history.Count) unfinished = Text;
        Set(history[--historyPlace]);
    }

    /// <summary>Goes one line forward in history, at last to the line that was begun.</summary>
    public void Newer()
    {
        if (historyPlace == history.Count) return;
        historyPlace++;
        Set(historyPlace == history.Count ? unfinished : history[historyPlace]);
    }

    /// <summary>Ends the line, remembers it and starts an empty one.</summary>
    public string Take()
    {
        string line = Text;
        if (line.Length > 0 && (history.Count == 0 || history[^1] != line)) history.Add(line);
        Clear();
        return line;
    }

    /// <summary>Starts over.</summary>
    public void Clear()
    {
        Set(string.Empty);
        unfinished = string.Empty;
        historyPlace = history.Count;
    }

    private void Set(string text)
    {
        Text = text;
        Cursor = text.Length;
    }

    private void RemoveBack(int from)
    {
        Text = Text.Remove(from, Cursor - from);
        Cursor = from;
    }

    private int PreviousWord()
    {
        int place = Cursor;
        while (place > 0 && !char.IsLetterOrDigit(Text[place - 1])) place--;
        while (place > 0 && char.IsLetterOrDigit(Text[place - 1])) place--;
        return place;
    }

    // A character of two units, or with combining marks, is one step.
    private int PreviousBoundary()
    {
        int place = 0;
        foreach (int start in System.Globalization.StringInfo.ParseCombiningCharacters(Text))
        {
            if (start < Cursor) place = start;
        }

        return Cursor == 0 ? 0 : place;
    }

    private int NextBoundary() =>
        Cursor >= Text.Length ? Text.Length : Cursor + System.Globalization.StringInfo.GetNextTextElementLength(Text, Cursor);
}
